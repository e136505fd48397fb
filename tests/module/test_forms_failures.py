"""The tests of failures and promises, run once more with the agent inside snmpd."""
import forms
import test_hang
import test_promises
import test_registry
import test_restart
import test_set_host
import test_set_kill
import test_set_load
import test_set_matrix
import test_set_time

# What only an agent beside its master can be or do; what takes its place is in brackets.
LEFT_OUT = {
    # The agent or the master goes alone, the other one stays.
    "Restart": ("test_snmpd_later_than_the_agent", "test_agent_restarts", "test_two_agents_one_master"),
    # snmpd stands still, too (Retries.test_stopped_snmpd).
    "Hang": ("test_fresh_after_the_agent_itself_stood_still",),
    "Retries": ("test_stopped_agent",),
    # -R of the daemon (test_module: test_damaged_registry).
    "Registry": ("test_both_damaged",),
    # A session is lost while a SET is out (test_module: test_end_of_snmpd_in_a_set).
    "MasterDies": forms.ALL,
    "ByHand": forms.ALL,
}

forms.rerun(globals(), (
    test_promises, test_hang, test_restart, test_registry, test_set_host, test_set_kill, test_set_load,
    test_set_matrix, test_set_time), LEFT_OUT)
