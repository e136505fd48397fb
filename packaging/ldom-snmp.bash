# Completion for bash. Names of domains are asked from the host, with the options given so far, and
# only where there is a host already; a host that does not answer costs a second.
_ldom_snmp()
{
	local cur=${COMP_WORDS[COMP_CWORD]} i verb='' host=0
	local verbs="list show set create destroy save wait operations topology watch"

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ $i -gt 1 && " $verbs " == *" ${COMP_WORDS[i]} "* ]]; then
			verb=${COMP_WORDS[i]}
			host=$((i - 1))
			break
		fi
	done
	if [ "${COMP_WORDS[COMP_CWORD - 1]}" = -o ]; then
		mapfile -t COMPREPLY < <(compgen -W "table json csv" -- "$cur")
	elif [[ $cur == --* ]]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"--dry-run --no-wait --wait= --help --version" -- "$cur")
	elif [ -z "$verb" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur")
	elif [[ " show set destroy wait operations " == *" $verb "* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(
			"${COMP_WORDS[@]:0:host + 1}" -t 1 -r 0 list -o csv 2>/dev/null |
				awk -F, 'NR > 1 { print $2 }'
		) $([ "$verb" != set ] || echo vcpu= memory= crypto= state=)" -- "$cur")
	elif [ "$verb" = create ]; then
		mapfile -t COMPREPLY < <(compgen -W "vcpu= memory= crypto= state= template=" -- "$cur")
	fi
	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
}
complete -F _ldom_snmp ldom-snmp
