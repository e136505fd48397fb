# Completion for bash. The options are taken from the output of --help.
_ldoms_agentx()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}

	COMPREPLY=()
	case $prev in
	-c | --config | -p | --pid-file)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	-s | --state-directory)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		;;
	-o | --output)
		mapfile -t COMPREPLY < <(compgen -W "table json" -- "$cur")
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -W "$("$1" --help 2>/dev/null | awk '
			/^ +-/ { for (i = 1; i <= 2; i++) if ($i ~ /^-/) { sub(",", "", $i); print $i } }
			')" -- "$cur")
		;;
	esac
}
complete -F _ldoms_agentx ldoms-agentx
