# Makes prometheus-snmp-0.22.yml, which snmp_exporter before 0.23 reads, from prometheus-snmp.yml:
# the module stands at the top, and the credentials stand inside it.
#
# For a host in an SNMP context of its own, -v context=NAME makes the module ldoms_NAME.
/^#/ { next }
/^auths:/ { part = "auths"; next }
/^modules:/ { part = "modules"; next }
part == "auths" && /^  [^ ]/ { next } # the name of the credentials
part == "auths" && /^    version:/ { version = substr($0, 3); next }
part == "auths" { auth = auth $0 "\n"; next }
part == "modules" { module = module substr($0, 3) "\n" }
END {
	printf "# For snmp_exporter before 0.23, made from prometheus-snmp.yml by exporter-0.22.awk.\n"
	if (context != "") {
		sub(/^ldoms:/, "ldoms_" context ":", module)
		auth = auth "    context_name: " context "\n"
	}
	printf "%s%s\n  auth:\n%s", module, version, auth
}
