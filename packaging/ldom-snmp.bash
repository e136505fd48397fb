# Completion for bash. Where a name of a domain is expected, the host is asked for its domains, with
# the options of the line; if it does not answer, that takes a second.
_ldom_snmp()
{
	local verbs="list show set create destroy save wait operations topology watch"
	local keys="vcpu= memory= crypto= state=" line=$COMP_LINE words=() word cur verb='' host=0 name i

	# Bash takes HOST:PORT and KEY=VALUE apart. A part without a space before it is joined again.
	for word in "${COMP_WORDS[@]:0:COMP_CWORD + 1}"; do
		if [ ${#words[@]} -gt 0 ] && [[ $line != [[:space:]]* ]]; then
			words[${#words[@]} - 1]+=$word
		else
			words+=("$word")
		fi
		line=${line#"${line%%[![:space:]]*}"}
		line=${line#"$word"}
	done
	cur=${words[${#words[@]} - 1]}
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in # the words become a command below, so their quotes go
		\"*\" | \'*\') words[i]=${words[i]:1:${#words[i]} - 2} ;;
		esac
		if [[ $i -gt 1 && " $verbs " == *" ${words[i]} "* ]]; then
			verb=${words[i]}
			host=$((i - 1))
			break
		fi
	done

	COMPREPLY=()
	if [ "${words[${#words[@]} - 2]-}" = -o ]; then
		mapfile -t COMPREPLY < <(compgen -W "table json csv" -- "$cur")
	elif [[ $cur == state=* && " set create " == *" $verb "* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "active bound inactive forceStop restart" -- "${cur#state=}")
	elif [[ $cur == --* ]]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"--dry-run --no-wait --wait= --help --version" -- "$cur")
	elif [ -z "$verb" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur")
	elif [[ " show set destroy wait operations " == *" $verb "* ]]; then
		# compgen -W would run a name such as $(...) as a command; so would the line, without %q.
		mapfile -t COMPREPLY < <(
			"${words[@]:0:host + 1}" -t 1 -r 0 list -o csv 2>/dev/null |
				awk -F, 'NR > 1 && $2 != "" { print $2 }' |
				while IFS= read -r name; do
					[[ $name != "$cur"* ]] || printf '%q\n' "$name"
				done
			[ "$verb" != set ] || compgen -W "$keys" -- "$cur"
		)
	elif [ "$verb" = create ]; then
		mapfile -t COMPREPLY < <(compgen -W "$keys template=" -- "$cur")
	fi
	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
}
complete -F _ldom_snmp ldom-snmp
