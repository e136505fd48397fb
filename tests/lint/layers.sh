#!/bin/sh
# A folder of agent/ includes only itself and the folders below it. Prints what breaks the rule.
set -u
cd "${top_srcdir:-.}" || exit 99
bad=0

check_folder() { # FOLDER FOLDERS-BELOW...
	folder=$1
	for file in agent/"$folder"/*.[ch]; do
		[ -e "$file" ] || continue
		# shellcheck disable=SC2013 # each is one word
		for other in $(sed -n 's,^#include "\([a-z]*\)/.*,\1,p' "$file" | sort -u); do
			case " $* " in
			*" $other "*) ;;
			*)
				echo "$file: includes $other/, which is not below $folder/"
				bad=1
				;;
			esac
		done
	done
}

below=
for folder in util ldm inventory control tables snmp common; do
	# shellcheck disable=SC2086 # each is one word
	check_folder $folder $below
	below="$below $folder"
done
# The two forms of the agent stand side by side.
for folder in daemon module; do
	# shellcheck disable=SC2086 # each is one word
	check_folder $folder $below
done

only_in() { # PATTERN WHAT FOLDERS...
	pattern=$1 what=$2
	shift 2
	for file in agent/*/*.[ch]; do
		folder=${file#agent/}
		folder=${folder%%/*}
		case " $* " in *" $folder "* | *" $file "*) continue ;; esac
		if grep -q "$pattern" "$file"; then
			echo "$file: uses $what"
			bad=1
		fi
	done
}
only_in '#include <net-snmp/' net-snmp snmp agent/daemon/snmp-thread.c module
only_in '#include <libxml/' libxml2 ldm agent/daemon/options.c
only_in '#include <openssl/' OpenSSL ldm agent/daemon/options.c
only_in '[^_a-z]\(setenv\|unsetenv\|prctl\|sigaction\|signal\)(' 'what only the daemon may' daemon

# The simulator shares no code with the agent.
if grep -l '#include "\(util\|ldm\|inventory\|control\|tables\|snmp\|common\|daemon\|module\)/' \
	tests/ldmd-sim/*.[ch] 2>/dev/null; then
	echo "tests/ldmd-sim: includes the agent's code"
	bad=1
fi
exit $bad
