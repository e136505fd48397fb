"""The tests of tables, SETs, transactions and notifications, run once more with the agent inside
snmpd."""
import forms
import test_changes
import test_notifications
import test_rows
import test_rowstatus
import test_set
import test_set_errors
import test_tables
import test_templates
import test_transactions
import test_views
import test_walk

# What only an agent beside its master can be or do; what takes its place is in brackets.
LEFT_OUT = {
    # The agent or the master goes alone, the other one stays (test_module: test_kill, test_sighup).
    "Restarts": ("test_every_order", "test_master_comes_back", "test_while_the_agent_was_away"),
    # Counters go on over SIGHUP: the module is another one then.
    "Notifications": ("test_switched_off_and_on",),
    # The queue of a master that does not read.
    "Burst": ("test_more_than_fits",),
    # As Restarts: the agent goes alone, and comes back to a root that another one has.
    "Lifecycle": ("test_restarts",),
    "Contested": forms.ALL,
}

forms.rerun(globals(), (
    test_walk, test_tables, test_rows, test_set, test_set_errors, test_transactions, test_rowstatus,
    test_templates, test_changes, test_notifications, test_views), LEFT_OUT)
