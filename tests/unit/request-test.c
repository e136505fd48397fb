/*
 * What is sent, what is shown of it, and which addresses are accepted.
 */
#include <errno.h>
#include <string.h>

#include "ldm/document.h"
#include "ldm/mask.h"
#include "ldm/request.h"
#include "ldm/template.h"
#include "test.h"
#include "util/buffer.h"

#define HEAD_3                                                                                     \
	"<LDM_interface version=\"1.3\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "  \
	"xsi:noNamespaceSchemaLocation=\"./schemas/combined-v3.xsd\" "                             \
	"xmlns:ovf=\"./schemas/envelope\" "                                                        \
	"xmlns:rasd=\"./schemas/CIM_ResourceAllocationSettingData\" "                              \
	"xmlns:vssd=\"./schemas/CIM_VirtualSystemSettingData\" "                                   \
	"xmlns:gprop=\"./schemas/GenericProperty\" xmlns:bind=\"./schemas/Binding\">"
#define DATA_3(action, option, inner)                                                              \
	HEAD_3 "<cmd><action>" action "</action>" option "<data version=\"3.0\"><Envelope>"        \
	       "<References/><Content xsi:type=\"ovf:VirtualSystem_Type\" ovf:id=" inner           \
	       "</Envelope></data></cmd></LDM_interface>\n"
#define ITEM(resource, inner)                                                                      \
	"<Section "                                                                                \
	"xsi:type=\"ovf:VirtualHardwareSection_Type\"><Item><rasd:OtherResourceType>" resource     \
	"</rasd:OtherResourceType>" inner "</Item></Section></Content>"
#define UNITS(n) "<rasd:AllocationUnits>" n "</rasd:AllocationUnits>"
#define DATA_2(action, inner)                                                                      \
	"<LDM_interface version=\"1.0\"><cmd><action>" action "</action><data version=\"2.0\">"    \
	"<ldom><ldom_info><ldom_name>rose</ldom_name></ldom_info>" inner                           \
	"</ldom></data></cmd></LDM_interface>\n"

static void expect(struct ldm_request *take, enum ldm_data_version version, const char *wanted)
{
	_cleanup_(buffer_clear) struct buffer b = BUFFER_EMPTY;

	assert_int_equal(ldm_request_write(take, version, &b), 0);
	assert_string_equal(buffer_data(&b), wanted);
	ldm_request_free(take);
}

static void test_list(void **state)
{
	struct ldm_request *r = NULL;

	(void)state;
	assert_int_equal(ldm_request_list("list-domain", NULL, &r), 0);
	assert_string_equal(ldm_request_action(r), "list-domain");
	assert_null(ldm_request_domain(r));
	expect(r, LDM_DATA_AUTO,
		HEAD_3 "<cmd><action>list-domain</action><data version=\"3.0\"/>"
		       "</cmd></LDM_interface>\n");
	assert_int_equal(ldm_request_list("reg-all-events", NULL, &r), 0);
	expect(r, LDM_DATA_2,
		"<LDM_interface version=\"1.0\"><cmd><action>reg-all-events</action>"
		"<data version=\"2.0\"/></cmd></LDM_interface>\n");
	assert_int_equal(ldm_request_list("list-bindings", "rose", &r), 0);
	expect(r, LDM_DATA_3, DATA_3("list-bindings", "", "\"rose\"/>"));
	assert_int_equal(ldm_request_list("list-domain", "rose", &r), 0);
	expect(r, LDM_DATA_2, DATA_2("list-domain", ""));
}

static void test_commands(void **state)
{
	struct ldm_request *r = NULL;

	(void)state;
	assert_int_equal(ldm_request_command("stop-domain", "rose", "-f", &r), 0);
	expect(r, LDM_DATA_3, DATA_3("stop-domain", "<option>-f</option>", "\"rose\"/>"));
	assert_int_equal(ldm_request_command("bind-domain", "a<\"&'>", NULL, &r), 0);
	expect(r, LDM_DATA_3, DATA_3("bind-domain", "", "\"a&lt;&quot;&amp;'&gt;\"/>"));
	assert_int_equal(ldm_request_number("set-vcpu", "rose", 6, &r), 0);
	expect(r, LDM_DATA_3, DATA_3("set-vcpu", "", "\"rose\">" ITEM("cpu", UNITS("6"))));
	assert_int_equal(ldm_request_number("set-vcpu", "rose", 6, &r), 0);
	expect(r, LDM_DATA_2, DATA_2("set-vcpu", "<cpu><number>6</number></cpu>"));
	assert_int_equal(ldm_request_number("set-mau", "rose", 0, &r), 0);
	expect(r, LDM_DATA_2, DATA_2("set-mau", "<mau><number>0</number></mau>"));
}

static int copy_name(void *user, const struct ldm_content *c, bool ok, const char *message)
{
	(void)ok;
	(void)message;
	*(char **)user = strdup(c->domain);
	return 0;
}

/* Whatever way libxml2 writes it, it reads the same. */
/* An option in both forms, as the guides before and from 3.2 on print them. */
static void test_forms(void **state)
{
	static const struct {
		const char *option;
		enum ldm_form form;
		const char *wanted;
	} samples[] = {
		{"-f", LDM_FORM_AUTO, "<option>-f</option>"},
		{"-f", LDM_FORM_OPTION, "<option>-f</option>"},
		{"-f", LDM_FORM_OPTIONS, "<options>-f</options>"},
		{"reconf", LDM_FORM_OPTION, "<option>reconf</option>"},
		{"reconf", LDM_FORM_OPTIONS, "<arguments>reconf</arguments>"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		_cleanup_(buffer_clear) struct buffer b = BUFFER_EMPTY;
		struct ldm_request *r = NULL;

		assert_int_equal(
			ldm_request_command("stop-domain", "rose", samples[i].option, &r), 0);
		ldm_request_set_form(r, samples[i].form);
		assert_int_equal(ldm_request_write(r, LDM_DATA_3, &b), 0);
		assert_non_null(strstr(buffer_data(&b), samples[i].wanted));
		ldm_request_free(r);
	}
}

static void test_dialect(void **state)
{
	struct ldm_endpoint *e = NULL, *copy = NULL;
	struct ldm_dialect *d;

	(void)state;
	assert_int_equal(ldm_endpoint_parse("localhost", &e), 0);
	assert_int_equal(ldm_endpoint_copy(e, &copy), 0);
	d = copy->dialect;
	assert_int_equal(ldm_dialect_form(d), LDM_FORM_OPTION);
	ldm_dialect_see_version(e->dialect, 101);
	assert_int_equal(ldm_dialect_form(d), LDM_FORM_OPTION);
	ldm_dialect_see_version(e->dialect, 103);
	assert_int_equal(ldm_dialect_form(d), LDM_FORM_OPTIONS);
	/* The effect counts for more than the version, */
	ldm_dialect_learn(e->dialect, ldm_form_other(LDM_FORM_OPTIONS));
	assert_int_equal(ldm_dialect_form(d), LDM_FORM_OPTION);
	ldm_dialect_see_version(e->dialect, 103);
	assert_int_equal(ldm_dialect_form(d), LDM_FORM_OPTION);
	/* until ldmd is another one; */
	ldm_dialect_see_version(e->dialect, 107);
	assert_int_equal(ldm_dialect_form(d), LDM_FORM_OPTIONS);
	/* and what is configured counts for most. */
	d->configured = LDM_FORM_OPTION;
	assert_int_equal(ldm_dialect_form(e->dialect), LDM_FORM_OPTION);
	ldm_endpoint_free(e);
	assert_int_equal(ldm_dialect_form(d), LDM_FORM_OPTION);
	ldm_endpoint_free(copy);
}

/* The whole-core constraint is kept by what set-vcpu says of it. */
static void test_cores(void **state)
{
	struct ldm_request *r = NULL;

	(void)state;
	assert_int_equal(ldm_request_cores("rose", 2, 16, &r), 0);
	assert_string_equal(ldm_request_action(r), "set-vcpu");
	expect(r, LDM_DATA_3,
		DATA_3("set-vcpu", "",
			"\"rose\">" ITEM("cpu", UNITS("16") "<gprop:GenericProperty key=\"wcore\">2"
							    "</gprop:GenericProperty>")));
	assert_int_equal(ldm_request_cores("rose", 2, 16, &r), 0);
	expect(r, LDM_DATA_2, DATA_2("set-vcpu", "<cpu><number>16</number><wcore>2</wcore></cpu>"));
	assert_int_equal(ldm_request_cores("", 2, 16, &r), -EINVAL);
}

/* A configuration belongs to no domain, so its document has no Content. */
static void test_spconfig(void **state)
{
	struct ldm_request *r = NULL;

	(void)state;
	assert_int_equal(ldm_request_spconfig("add-spconfig", "spring", &r), 0);
	assert_null(ldm_request_domain(r));
	expect(r, LDM_DATA_3,
		HEAD_3
		"<cmd><action>add-spconfig</action><data version=\"3.0\"><Envelope><References/>"
		"<Section xsi:type=\"ovf:ResourceAllocationSection_Type\"><Item>"
		"<rasd:OtherResourceType>spconfig</rasd:OtherResourceType>"
		"<gprop:GenericProperty key=\"spconfig_name\">spring</gprop:GenericProperty>"
		"</Item></Section></Envelope></data></cmd></LDM_interface>\n");
	assert_int_equal(ldm_request_spconfig("add-spconfig", "spring", &r), 0);
	expect(r, LDM_DATA_2,
		"<LDM_interface version=\"1.0\"><cmd><action>add-spconfig</action><data "
		"version=\"2.0\">"
		"<ldom><spconfig><spconfig_name>spring</spconfig_name></spconfig></ldom>"
		"</data></cmd></LDM_interface>\n");
	assert_int_equal(ldm_request_spconfig("add-spconfig", "", &r), -EINVAL);
	assert_int_equal(ldm_request_spconfig("add-spconfig", "a\nb", &r), -EINVAL);
}

static void test_name_round_trip(void **state)
{
	static const char name[] = "d\xc3\xa9\xe2\x82\xac<&>\"'\xf0\x9f\x8c\xb9";
	const struct ldm_document_ops ops = {.on_content = copy_name};

	(void)state;
	for (int version = LDM_DATA_2; version <= LDM_DATA_3; version++) {
		_cleanup_(buffer_clear) struct buffer b = BUFFER_EMPTY;
		_cleanup_(ldm_request_freep) struct ldm_request *r = NULL;
		_cleanup_free_ char *read = NULL;
		struct ldm_document d;

		assert_int_equal(ldm_request_list("list-domain", name, &r), 0);
		assert_int_equal(ldm_request_write(r, version, &b), 0);
		assert_int_equal(
			ldm_document_parse(buffer_data(&b), b.len, NULL, &ops, &read, &d, NULL), 0);
		assert_string_equal(read, name);
		ldm_document_clear(&d);
	}
}

static void test_memory(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} samples[] = {
		{UINT64_C(3) << 30, "3072M"},
		{UINT64_C(256) << 10, "256K"},
		{(UINT64_C(1) << 20) + 1, "1025K"},
		{0, "0M"},
		{UINT64_MAX, "18014398509481984K"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		_cleanup_(buffer_clear) struct buffer b = BUFFER_EMPTY;
		_cleanup_(buffer_clear) struct buffer wanted = BUFFER_EMPTY;
		_cleanup_(ldm_request_freep) struct ldm_request *r = NULL;

		assert_int_equal(ldm_request_memory("set-memory", "rose", samples[i].bytes, &r), 0);
		assert_int_equal(ldm_request_write(r, LDM_DATA_2, &b), 0);
		buffer_printf(&wanted, "<memory><size>%s</size></memory>", samples[i].text);
		if (!strstr(buffer_data(&b), buffer_data(&wanted)))
			fail_msg("%s", buffer_data(&b));
	}
}

static void test_bad_names(void **state)
{
	_cleanup_free_ char *longest = malloc(258);
	struct ldm_request *r = NULL;

	(void)state;
	memset(longest, 'x', 257);
	longest[257] = '\0';
	assert_int_equal(ldm_request_list("list-domain", "", &r), -EINVAL);
	assert_int_equal(ldm_request_list("list-domain", "a\nb", &r), -EINVAL);
	assert_int_equal(ldm_request_list("list-domain", "a\xff", &r), -EINVAL);
	assert_int_equal(ldm_request_list("list-domain", longest, &r), -EINVAL);
	assert_int_equal(ldm_request_command("start-domain", NULL, NULL, &r), -EINVAL);
	assert_int_equal(ldm_request_command("stop-domain", "a", "\x01", &r), -EINVAL);
	assert_int_equal(ldm_request_number("set-gold", "a", 1, &r), -EINVAL);
	assert_int_equal(ldm_request_number("set-vcpu", NULL, 1, &r), -EINVAL);
	assert_null(r);
	longest[256] = '\0';
	assert_int_equal(ldm_request_list("list-domain", longest, &r), 0);
	ldm_request_free(r);
}

static const char constraints_3[] =
	"<?xml version=\"1.0\"?>\n<LDM_interface version=\"1.3\" xmlns:ovf=\"./schemas/envelope\">"
	"<data version=\"3.0\">\n <Envelope>\n<References/><Content ovf:id=\"tulip\">"
	"<Section><Item><rasd:OtherResourceType>cpu</rasd:OtherResourceType>"
	"<rasd:AllocationUnits>2</rasd:AllocationUnits><new:thing a=\"&amp;\"/></Item></Section>"
	"</Content></Envelope><response><status>success</status></response></data></LDM_interface>";
#define TULIP_3                                                                                    \
	"<Envelope><References/><Content ovf:id=\"tulip\">"                                        \
	"<Section><Item><rasd:OtherResourceType>cpu</rasd:OtherResourceType>"                      \
	"<rasd:AllocationUnits>2</rasd:AllocationUnits><new:thing a=\"&amp;\"/></Item></Section>"  \
	"</Content></Envelope>"

static void test_add_domain(void **state)
{
	static const char flat[] =
		"<LDM_interface version=\"1.0\"><cmd><action>list-constraints</action>"
		"<data version=\"2.0\"><ldom><ldom_info><ldom_name>rose</ldom_name></ldom_info>"
		"<var><name>n</name><value>1\n 2</value></var></ldom></data></cmd></LDM_interface>";
	struct ldm_request *r = NULL;
	const char *why;

	(void)state;
	assert_int_equal(
		ldm_request_add_domain(constraints_3, sizeof(constraints_3) - 1, &r, &why), 0);
	assert_string_equal(ldm_request_domain(r), "tulip");
	expect(r, LDM_DATA_2,
		HEAD_3 "<cmd><action>add-domain</action><data version=\"3.0\">" TULIP_3
		       "</data></cmd></LDM_interface>\n");
	assert_int_equal(ldm_request_add_domain(flat, sizeof(flat) - 1, &r, &why), 0);
	expect(r, LDM_DATA_3,
		DATA_2("add-domain", "<var><name>n</name><value>1\n 2</value></var>"));
}

static void test_add_domain_refusals(void **state)
{
	static const struct {
		const char *document, *why;
	} samples[] = {
		{"", "well-formed"},
		{"<LDM_interface/>", "exactly one"},
		{"<!DOCTYPE x><LDM_interface/>", "well-formed"},
		{"<LDM_interface><data><Envelope><Content id='a'/><Content "
		 "id='b'/></Envelope></data>"
		 "</LDM_interface>",
			"exactly one"},
		{"<LDM_interface><data><Envelope><Content/></Envelope></data></LDM_interface>",
			"good name"},
		{"<LDM_interface><data><Envelope/><Envelope><Content id='a'/></Envelope></data>"
		 "</LDM_interface>",
			"exactly one"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct ldm_request *r = NULL;
		const char *why = "";
		const char *d = samples[i].document;

		assert_int_equal(ldm_request_add_domain(d, strlen(d), &r, &why), -EBADMSG);
		if (!strstr(why, samples[i].why))
			fail_msg("%s: %s", d, why);
	}
}

static void test_extract(void **state)
{
	_cleanup_(buffer_clear) struct buffer b = BUFFER_EMPTY;
	struct ldm_request *r = NULL;
	const char *why;

	(void)state;
	assert_int_equal(template_from_reply(constraints_3, sizeof(constraints_3) - 1, &b), 0);
	assert_non_null(strstr(buffer_data(&b), "\n    <action>add-domain</action>\n"));
	assert_null(strstr(buffer_data(&b), "response"));
	/* What comes out can be sent. */
	assert_int_equal(ldm_request_add_domain(buffer_data(&b), b.len, &r, &why), 0);
	expect(r, LDM_DATA_3,
		HEAD_3 "<cmd><action>add-domain</action><data version=\"3.0\">" TULIP_3
		       "</data></cmd></LDM_interface>\n");
}

/* Editors put one in front; XML 1.0 allows it. */
static void test_byte_order_mark(void **state)
{
	static const char document[] =
		"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<LDM_interface><data version=\"3.0\"><Envelope><Content id=\"orchid\"/></Envelope>"
		"</data></LDM_interface>";
	_cleanup_(buffer_clear) struct buffer renamed = BUFFER_EMPTY;
	struct ldm_request *r = NULL;
	const char *why;
	char *detail;

	(void)state;
	assert_int_equal(ldm_request_add_domain(document, sizeof(document) - 1, &r, &why), 0);
	assert_string_equal(ldm_request_domain(r), "orchid");
	ldm_request_free(r);
	assert_int_equal(
		template_rename(document, sizeof(document) - 1, "tulip", &renamed, &why, &detail),
		0);
	assert_non_null(strstr(buffer_data(&renamed), "tulip"));
}

static void test_secret_names(void **state)
{
	static const char *const secret[] = {"security-password", "Passwd", "ldm_PASSPHRASE",
		"shared-secret", "wan-boot-key", "wan-boot-key-aes"};
	static const char *const open[] = {"", "boot-device", "security-mode", "pass", "key"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(secret); i++)
		assert_true(ldm_is_secret(secret[i]));
	for (size_t i = 0; i < ARRAY_SIZE(open); i++)
		assert_false(ldm_is_secret(open[i]));
}

static void test_mask(void **state)
{
	static const char document[] =
		"<LDM_interface><x:auth m='PLAIN'>AHJvb3Q<auth>deep1</auth></x:auth>"
		"<Item><gprop:GenericProperty key=\"password\">hush1</gprop:GenericProperty>"
		"<gprop:GenericProperty key=\"username\">hush2</gprop:GenericProperty>"
		"<Password>hush3</Password><keep>shown1</keep></Item>"
		"<Item><g:GenericProperty g:key=\"value\"><![CDATA[hush4]]></g:GenericProperty>"
		"<g:GenericProperty g:key=\"name\"> security-password</g:GenericProperty></Item>"
		"<var><name>security-mode</name><value>shown2</value></var>"
		"<var><name>security-password</name><value>hush5</value></var>"
		"<a password='hush6' b='shown3'/></LDM_interface>";
	static const char *const hidden[] = {
		"AHJvb3Q", "deep1", "hush1", "hush2", "hush3", "hush4", "hush5", "hush6"};
	static const char *const shown[] = {"shown1", "shown2", "shown3", "security-password"};
	_cleanup_(buffer_clear) struct buffer b = BUFFER_EMPTY;

	(void)state;
	assert_int_equal(ldm_mask(document, sizeof(document) - 1, &b), 0);
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		if (strstr(buffer_data(&b), hidden[i]))
			fail_msg("%s is in %s", hidden[i], buffer_data(&b));
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		if (!strstr(buffer_data(&b), shown[i]))
			fail_msg("%s is not in %s", shown[i], buffer_data(&b));
	buffer_reset(&b);
	assert_int_equal(ldm_mask("<password>hush", 14, &b), 0);
	assert_string_equal(buffer_data(&b), "(14 bytes that are no document)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_dialect),
		cmocka_unit_test(test_cores),
		cmocka_unit_test(test_spconfig),
		cmocka_unit_test(test_name_round_trip),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_add_domain),
		cmocka_unit_test(test_add_domain_refusals),
		cmocka_unit_test(test_extract),
		cmocka_unit_test(test_byte_order_mark),
		cmocka_unit_test(test_secret_names),
		cmocka_unit_test(test_mask),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
