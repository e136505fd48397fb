# Give LDOMS-MIB another root: rewrites what stands between its two "root" comments.
#
#	awk -v root=1.3.6.1.4.1.99999.1 -f move-root.awk LDOMS-MIB.txt >moved/LDOMS-MIB.txt
#
# One name for each arc, since an OID of several arcs at once is more than some compilers take.

BEGIN {
	sub(/^\./, "", root)
	if (root !~ /^1\.3\.6\.1\.4\.1(\.[0-9]+)+$/) {
		print "move-root.awk: \"" root "\" is no OID below 1.3.6.1.4.1" >"/dev/stderr"
		exit failed = 1
	}
	n = split(substr(root, length("1.3.6.1.4.1.") + 1), arcs, ".")
}

/-- root: begin/ {
	print
	print "    ::= { " parent(n) " " arcs[n] " }"
	print ""
	for (i = 1; i < n; i++)
		print "ldomsArc" i " OBJECT IDENTIFIER ::= { " parent(i) " " arcs[i] " }"
	inside = 1
}

/-- root: end/ {
	inside = 0
	ended++
}

!inside

END {
	if (!failed && ended != 1) {
		print "move-root.awk: no \"root\" comments in the module" >"/dev/stderr"
		exit 1
	}
}

function parent(i)
{
	return i == 1 ? "enterprises" : "ldomsArc" (i - 1)
}
