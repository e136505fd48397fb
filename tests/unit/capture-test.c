/*
 * What a capture shows and what it hides, of documents good and bad.
 */
#include <errno.h>
#include <string.h>

#include "ldm/capture.h"
#include "ldm/document.h"
#include "ldm/request.h"
#include "test.h"

#define ITEM(type, inner)                                                                          \
	"<Section><Item><rasd:OtherResourceType>" type "</rasd:OtherResourceType>" inner           \
	"</Item></Section>"
#define KEY(key, value) "<gprop:GenericProperty key=\"" key "\">" value "</gprop:GenericProperty>"

static const char bindings[] =
	"<?xml version=\"1.0\"?>\r\n<!-- rose of the garden -->\n<LDM_interface version=\"1.3\">"
	"<cmd><action>list-bindings</action>\n<data version=\"3.0\"><Envelope>"
	"<Content ovf:id=\"rose\">" ITEM("ldom_info",
		"<uuid>7c0b2f1e-5a63-4d0e-8f11-2b9d6c3a4e55</uuid>"
		"<rasd:Address>00:14:4f:f8:31:07</rasd:Address>" KEY("hostid", "0x84f83107")
			KEY("state", " active ") KEY("flags", "-n----")
				KEY("master", "primary,tu&amp;lip")) ITEM("cpu",
		KEY("wcore", "0") "<rasd:AllocationUnits>16</rasd:AllocationUnits>") ITEM("disk",
		KEY("vdisk_name", "root") KEY("service_name", "garden-vds0")
			KEY("vol_name", "rose-root@garden-vds0") KEY("id", "3"))
		ITEM("vds_volume", KEY("block_dev", "/dev/zvol/dsk/tank/rose"))
			ITEM("var", KEY("name", "security-password") KEY("value", "hush")) ITEM(
				"var", KEY("value", "hush") KEY("name", "security-password"))
				ITEM("var", KEY("name", "boot-device") KEY("value", "disk1"))
					ITEM("odd", "<unheard-of>flowerpot</unheard-of><speed>9G</"
						    "speed>") "</Content></Envelope></data></cmd></"
							      "LDM_interface>";

static const char refusal[] =
	"<LDM_interface version=\"1.3\"><cmd><action>list-domain</action><data version=\"3.0\">"
	"<response><status>failure</status><resp_msg>LDom \"rose\" on host3 cannot use "
	"/dev/zvol/dsk/tank/rose. Ask 10.1.2.3.</resp_msg></response></data></cmd></LDM_interface>";

/* As the guides print it: not well-formed. */
static const char registration[] =
	"<LDM_interface version=\"1.3\"><cmd><action>reg-all-events</action><data version=\"3.0\"/>"
	"<response><status>success</status></response></data></cmd></LDM_interface>";

static void record(struct capture *c, const char *action, const char *domain, const char *answer,
	enum capture_answer how, const char *error)
{
	_cleanup_(ldm_request_freep) struct ldm_request *r = NULL;
	_cleanup_(buffer_clear) struct buffer b = BUFFER_EMPTY;

	assert_int_equal(ldm_request_list(action, domain, &r), 0);
	assert_int_equal(ldm_request_write(r, LDM_DATA_3, &b), 0);
	assert_int_equal(capture_question(c, action, domain), 0);
	assert_int_equal(capture_document(c, true, buffer_data(&b), b.len), 0);
	if (answer)
		assert_int_equal(capture_document(c, false, answer, strlen(answer)), 0);
	assert_int_equal(capture_end(c, how, 1234, error), 0);
}

static void capture_all(bool as_is, struct buffer *out)
{
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *e = NULL;
	_cleanup_(capture_freep) struct capture *c = NULL;

	assert_int_equal(ldm_endpoint_parse("plain:localhost", &e), 0);
	ldm_dialect_see_version(e->dialect, 103);
	assert_int_equal(capture_new(&c), 0);
	/* The message comes before the document that says what is a name. */
	record(c, "list-domain", "rose", refusal, CAPTURE_FAILURE, NULL);
	record(c, "list-bindings", NULL, bindings, CAPTURE_SUCCESS, NULL);
	record(c, "reg-all-events", NULL, registration, CAPTURE_UNREADABLE,
		"the answer to reg-all-events: mismatch");
	record(c, "list-services", NULL, NULL, CAPTURE_NONE, "no answer about \"rose\" in time");
	assert_int_equal(capture_write(c, e, "agent 1", 0, as_is, out), 0);
}

static void expect_in(const struct buffer *b, const char *part)
{
	if (!strstr(buffer_data(b), part))
		fail_msg("\"%s\" is not in %s", part, buffer_data(b));
}

static void expect_not_in(const struct buffer *b, const char *part)
{
	if (strstr(buffer_data(b), part))
		fail_msg("\"%s\" is in %s", part, buffer_data(b));
}

static void test_replaced(void **state)
{
	static const char *const gone[] = {"rose", "tu&", "lip", "garden", "7c0b2f1e", "00:14:4f",
		"84f83107", "/dev", "tank", "hush", "flowerpot", "host3", "10.1.2.3", "disk1",
		"\r"};
	static const char *const there[] = {
		"ldoms-capture 1\n# Made by agent 1. ",
		"\ntime 1970-01-01T00:00:00Z\ntransport plain\ndata 3.0\ninterface 1.3\n"
		"names replaced\n",
		"\nquestion 1\naction list-domain\ndomain domain-1\n> <LDM_interface",
		"ovf:id=\"domain-1\"/>",
		"\nanswer failure\ntook 1.234\n< <LDM_interface",
		"LDom &quot;domain-1&quot; on text-",
		"\nanswer success\ntook 1.234\n< <?xml version=\"1.0\"?>\n<\n< <LDM_interface",
		"<Content ovf:id=\"domain-1\">",
		KEY("state", " active "),
		KEY("flags", "-n----"),
		KEY("id", "3"),
		KEY("name", "security-password") KEY("value", "***"),
		KEY("value", "***") KEY("name", "security-password"),
		KEY("name", "boot-device"),
		"<unheard-of>text-",
		"<speed>9G</speed>",
		"<rasd:Address>02:00:00:00:00:",
		"<uuid>00000000-0000-4000-8000-",
		KEY("wcore", "0"),
		"\nanswer unreadable\nerror the answer to reg-all-events: mismatch\n",
		"</response></data></cmd></LDM_interface>\nend\n",
		"\nanswer none\nerror no answer about \"domain-1\" in time\ntook 1.234\nend\n",
	};
	_cleanup_(buffer_clear) struct buffer b = BUFFER_EMPTY;

	(void)state;
	capture_all(false, &b);
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++)
		expect_not_in(&b, gone[i]);
	for (size_t i = 0; i < ARRAY_SIZE(there); i++)
		expect_in(&b, there[i]);
}

static void test_as_is(void **state)
{
	_cleanup_(buffer_clear) struct buffer b = BUFFER_EMPTY;

	(void)state;
	capture_all(true, &b);
	expect_not_in(&b, "hush");
	expect_in(&b, "names as-is\n");
	expect_in(&b, "domain rose\n");
	expect_in(&b, "00:14:4f:f8:31:07");
	expect_in(&b, "primary,tu&amp;lip");
	expect_in(&b, "/dev/zvol/dsk/tank/rose");
	expect_in(&b, registration);
}

static int on_content(void *user, const struct ldm_content *c, bool ok, const char *message)
{
	struct buffer *b = user;
	const struct ldm_resource *disk = ldm_content_find(c, "disk");

	(void)ok;
	(void)message;
	assert_non_null(disk);
	buffer_printf(b, "%s %s", ldm_resource_get(disk, "service_name"),
		ldm_resource_get(disk, "vol_name"));
	return 0;
}

/* The document can be read again, and the same name is the same everywhere. */
static void test_read_again(void **state)
{
	static const struct ldm_document_ops ops = {.on_content = on_content};
	_cleanup_(buffer_clear) struct buffer b = BUFFER_EMPTY, names = BUFFER_EMPTY;
	_cleanup_(buffer_clear) struct buffer xml = BUFFER_EMPTY;
	struct ldm_document d;
	char *service, *at;

	(void)state;
	capture_all(false, &b);
	at = strstr(strstr(buffer_data(&b), "question 2"), "\n< ");
	for (at++; *at == '<'; at += strcspn(at, "\n") + 1)
		buffer_printf(&xml, "%.*s\n", (int)strcspn(at, "\n") - 1, at + 1);
	assert_int_equal(
		ldm_document_parse(buffer_data(&xml), xml.len, NULL, &ops, &names, &d, NULL), 0);
	assert_string_equal(d.reply.action, "list-bindings");
	ldm_document_clear(&d);
	service = buffer_data(&names);
	at = strchr(service, ' ');
	*at++ = '\0';
	assert_non_null(strchr(at, '@'));
	assert_string_equal(strchr(at, '@') + 1, service);
}

static void capture_one(const char *answer, const char *after, bool as_is, struct buffer *out)
{
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *e = NULL;
	_cleanup_(capture_freep) struct capture *c = NULL;

	assert_int_equal(ldm_endpoint_parse("plain:localhost", &e), 0);
	assert_int_equal(capture_new(&c), 0);
	record(c, "list-bindings", NULL, answer, CAPTURE_SUCCESS, NULL);
	if (after)
		assert_int_equal(capture_document(c, false, after, strlen(after)), 0);
	assert_int_equal(capture_write(c, e, "agent 1", 0, as_is, out), 0);
}

/* XML has more than one way to write a text, and places for texts that are no property. */
static void test_other_forms_of_text(void **state)
{
	static const char answer[] =
		"<!DOCTYPE LDM_interface [<!ENTITY e \"rose\">]><?host rose > "
		"garden?><LDM_interface>"
		"<cmd><action>list-bindings</action><data version=\"3.0\"><Envelope>"
		"<Content ovf:id=\"rose\">" ITEM("ldom_info",
			"<master> <![CDATA[rose]]> "
			"</master><state><![CDATA[active]]></state>") ITEM("var",
			"<name><![CDATA[boot-device]]></name><value>disk1</value>")
			ITEM("var", "<name>security-password</name><value><![CDATA[hu<sh]]></"
				    "value>") "</Content></Envelope></"
					      "data><response><resp_msg><![CDATA[use \"rose\" & "
					      "x]]></resp_msg></response></cmd></LDM_interface>";
	static const char *const there[] = {
		"<!DOCTYPE>",
		"<Content ovf:id=\"domain-2\">",
		"<master> <![CDATA[domain-2]]> </master><state><![CDATA[active]]></state>",
		"<name><![CDATA[boot-device]]></name><value>text-",
		"<name>security-password</name><value><![CDATA[***]]></value>",
		"<![CDATA[use \"domain-2\" & x]]>",
	};
	_cleanup_(buffer_clear) struct buffer replaced = BUFFER_EMPTY, as_is = BUFFER_EMPTY;

	(void)state;
	capture_one(answer, NULL, false, &replaced);
	for (size_t i = 0; i < ARRAY_SIZE(there); i++)
		expect_in(&replaced, there[i]);
	expect_not_in(&replaced, "rose");
	expect_not_in(&replaced, "garden");
	expect_not_in(&replaced, "hu");
	capture_one(answer, NULL, true, &as_is);
	expect_in(&as_is, "<![CDATA[use \"rose\" & x]]>");
	expect_not_in(&as_is, "hu<sh");
}

/* Registration is answered first; an event may follow at once. */
static void test_event_behind_the_answer(void **state)
{
	_cleanup_(buffer_clear) struct buffer b = BUFFER_EMPTY;

	(void)state;
	capture_one("<LDM_interface/>", "<LDM_event/>", false, &b);
	expect_in(&b, "\n< <LDM_interface/>\n");
	expect_not_in(&b, "LDM_event");
	capture_one("<LDM_event/>", "<LDM_interface/>", false, &b);
	expect_not_in(&b, "LDM_event");
}

static void test_many_addresses(void **state)
{
	_cleanup_(buffer_clear) struct buffer answer = BUFFER_EMPTY, b = BUFFER_EMPTY;
	const char *at;

	(void)state;
	buffer_printf(&answer, "<a>");
	for (int i = 0; i < 600; i++)
		buffer_printf(&answer, "<odd>10.1.%d.%d</odd>", i / 250, i % 250);
	buffer_printf(&answer, "</a>");
	capture_one(buffer_data(&answer), NULL, false, &b);
	expect_not_in(&b, "10.1.");
	for (at = buffer_data(&b); (at = strstr(at, "<odd>")); at++) {
		_cleanup_free_ char *word = strndup(at, strcspn(at, "/"));

		assert_non_null(word);
		assert_null(strstr(at + 1, word));
	}
}

/* Whatever the bytes, it ends and shows no more than they are. */
static void test_odd_documents(void **state)
{
	static const char *const odd[] = {"", "<", "<a", "<a b", "<a b=", "<a b='", "<a b='c", "a",
		"<!--", "<!-- x", "<![CDATA[", "<![CDATA[]>", "<!", "<!x", "<?", "<?>", "</", "</>",
		"<>", "<a/>&", "<a>&amp", "<?x", "<a\xff\x01>\x80</a>", "<a key='", "<a key='k'>v"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *e = NULL;
		_cleanup_(capture_freep) struct capture *c = NULL;
		_cleanup_(buffer_clear) struct buffer b = BUFFER_EMPTY;

		assert_int_equal(ldm_endpoint_parse("plain:localhost", &e), 0);
		assert_int_equal(capture_new(&c), 0);
		record(c, "list-domain", NULL, odd[i], CAPTURE_UNREADABLE, "odd");
		assert_int_equal(capture_write(c, e, "agent 1", 0, false, &b), 0);
		expect_in(&b, "\nend\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_as_is),
		cmocka_unit_test(test_read_again),
		cmocka_unit_test(test_other_forms_of_text),
		cmocka_unit_test(test_event_behind_the_answer),
		cmocka_unit_test(test_many_addresses),
		cmocka_unit_test(test_odd_documents),
	};

	return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
