/*
 * Every form of a document that is known or likely is read alike.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldm/document.h"
#include "test.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/file.h"

/* What was read, as text that is easy to compare. */
static void show_resource(
	struct buffer *b, const struct ldm_resource *r, const char *open, const char *close)
{
	buffer_printf(b, "%s%s", open, r->type);
	if (r->units)
		buffer_printf(b, " units=%s", r->units);
	if (r->address)
		buffer_printf(b, " address=%s", r->address);
	if (r->uuid)
		buffer_printf(b, " uuid=%s", r->uuid);
	for (size_t i = 0; i < r->n_props; i++)
		buffer_printf(b, " %s=%s", r->props[i].key, r->props[i].value);
	for (size_t i = 0; i < r->n_bindings; i++)
		show_resource(b, &r->bindings[i], " (", ")");
	buffer_append_text(b, close);
}

static void show_content(struct buffer *b, const struct ldm_content *c)
{
	buffer_printf(b, "[%s]", c->domain ? c->domain : "host");
	for (size_t i = 0; i < c->n_resources; i++)
		show_resource(b, &c->resources[i], i ? "" : " ", "\n");
	if (c->n_resources == 0)
		buffer_append_text(b, "\n");
}

static int on_content(void *user, const struct ldm_content *c, bool ok, const char *message)
{
	struct buffer *b = user;

	buffer_append_text(b, ok ? "+" : "-");
	if (message)
		buffer_printf(b, "{%s}", message);
	show_content(b, c);
	return 0;
}

static int on_event(void *user, const struct ldm_event *e)
{
	struct buffer *b = user;

	buffer_printf(b, "event %s %s %s %s %s ", e->action, e->domain ? e->domain : "-",
		e->progress ? e->progress : "-", e->status ? e->status : "-",
		e->source ? e->source : "-");
	show_content(b, &e->content);
	return 0;
}

static const struct ldm_document_ops ops = {.on_content = on_content, .on_event = on_event};

static char *read_text(const char *xml)
{
	struct buffer b = BUFFER_EMPTY;
	struct ldm_document d;
	char *error = NULL;
	int r = ldm_document_parse(xml, strlen(xml), NULL, &ops, &b, &d, &error);

	if (r < 0)
		fail_msg("%s\n%s", error, xml);
	if (d.kind == LDM_DOCUMENT_REPLY)
		buffer_printf(&b, "%s %s {%s} {%s}\n", d.reply.action ? d.reply.action : "?",
			d.reply.ok ? "ok" : "failed", d.reply.message ? d.reply.message : "",
			d.reply.warning ? d.reply.warning : "");
	ldm_document_clear(&d);
	return buffer_steal(&b);
}

static void expect(const char *xml, const char *wanted)
{
	_cleanup_free_ char *got = read_text(xml);

	if (strcmp(got, wanted) != 0)
		fail_msg("document:\n%s\ngives:\n%s\nnot:\n%s", xml, got, wanted);
}

#define OK "<response><status>success</status></response>"

/* One domain in a reply of version 3.0: what is around and what is in the Envelope. */
#define REPLY(head, envelope)                                                                      \
	head "<cmd><action>list-domain</action><data version=\"3.0\"><Envelope>" envelope          \
	     "</Envelope>" OK "</data>" OK "</cmd>" OK "</LDM_interface>"
#define HEAD "<LDM_interface version=\"1.3\">"
#define ROSE                                                                                       \
	"<Section xsi:type=\"ovf:ResourceAllocationSection_Type\"><Item>"                          \
	"<rasd:OtherResourceType>ldom_info</rasd:OtherResourceType><uuid>u-1</uuid>"               \
	"<rasd:Address>00:14:4f:00:00:01</rasd:Address>"                                           \
	"<gprop:GenericProperty key=\"state\">bound</gprop:GenericProperty></Item></Section>"      \
	"<Section xsi:type=\"ovf:VirtualHardwareSection_Type\"><Item>"                             \
	"<rasd:OtherResourceType>cpu</rasd:OtherResourceType>"                                     \
	"<rasd:AllocationUnits>4</rasd:AllocationUnits></Item></Section>"
#define ROSE_READ                                                                                  \
	"+[rose] ldom_info address=00:14:4f:00:00:01 uuid=u-1 state=bound\ncpu units=4\n"          \
	"list-domain ok {} {}\n"

static const char *const alike[] = {
	/* No prefix is declared. */
	REPLY(HEAD,
		"<References/><Content xsi:type=\"ovf:VirtualSystem_Type\" ovf:id=\"rose\">" ROSE
		"</Content>"),
	/* All are. */
	REPLY("<?xml version=\"1.0\"?>\n<LDM_interface version=\"1.3\" "
	      "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
	      "xsi:noNamespaceSchemaLocation=\"./schemas/combined-v3.xsd\" "
	      "xmlns:ovf=\"./schemas/envelope\" "
	      "xmlns:rasd=\"./schemas/CIM_ResourceAllocationSettingData\" "
	      "xmlns:gprop=\"./schemas/GenericProperty\">",
		"<References/><Content xsi:type=\"ovf:VirtualSystem_Type\" ovf:id=\"rose\">" ROSE
		"</Content>"),
	/* The other set of namespaces, on inner elements, and other prefixes. */
	REPLY(HEAD,
		"<Content id=\"rose\" xmlns:id=\"not-me\">"
		"<Section><Item xmlns:r=\"/var/opt/SUNWldom/x\">"
		"<r:OtherResourceType>ldom_info</r:OtherResourceType><uuid>u-1</uuid>"
		"<r:Address>00:14:4f:00:00:01</r:Address>"
		"<x:y:GenericProperty key=\"state\">bound</x:y:GenericProperty></Item></Section>"
		"<Section><Item><OtherResourceType>cpu</OtherResourceType>"
		"<AllocationUnits>4</AllocationUnits></Item></Section></Content>"),
	/* id instead of ovf:id, no References, lower case _type, a property as an element. */
	REPLY(HEAD,
		"<Content id=\"rose\" xsi:type=\"ovf:VirtualSystem_Type\">"
		"<Section xsi:type=\"ovf:ResourceAllocationSection_type\"><Item>"
		"<rasd:OtherResourceType>ldom_info</rasd:OtherResourceType><uuid>u-1</uuid>"
		"<rasd:Address>00:14:4f:00:00:01</rasd:Address><state>bound</state></Item></"
		"Section>"
		"<Section><Item><rasd:AllocationUnits>4</rasd:AllocationUnits>"
		"<rasd:OtherResourceType>cpu</rasd:OtherResourceType></Item></Section></Content>"),
	/* White space, comments, CDATA, character references, upper case status, any order. */
	"\n <?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c -->\n<LDM_interface>\n"
	"<response>\n<status> SUCCESS\n</status></response><cmd>\n<action> list-domain </action>"
	"<response><status>Success</status></response><data>" OK
	"<Envelope>\n<Content ovf:id=\"rose\">\n<Section>\n<Item>\n"
	"<gprop:GenericProperty\n key='state'>\n  bound \n</gprop:GenericProperty>"
	"<rasd:Address><![CDATA[ 00:14:4f:00:00:01]]> </rasd:Address>"
	"<uuid>u<!-- x -->-&#49;</uuid>"
	"<rasd:OtherResourceType>\n\tldom_info\n</rasd:OtherResourceType>\n</Item></Section>\n"
	"<Section><Item><rasd:OtherResourceType>cpu</rasd:OtherResourceType>"
	"<rasd:AllocationUnits>\n4\n</rasd:AllocationUnits></Item></Section>\n</Content>"
	"<References/></Envelope></data></cmd></LDM_interface>\n",
	/* Elements nobody knows, everywhere. */
	"<LDM_interface><new><cmd><action>x</action></cmd></new><cmd><action>list-domain</action>"
	"<arguments>-a</arguments><data><new/><Envelope><new><Content id=\"no\"/></new>"
	"<Content ovf:id=\"rose\"><new><Section/></new><Section><Info>x</Info><Item>"
	"<rasd:OtherResourceType>ldom_info</rasd:OtherResourceType><uuid>u-1</uuid>"
	"<rasd:Address>00:14:4f:00:00:01</rasd:Address><state>bo<new><Item/>zz</new>und</state>"
	"</Item></Section><Section><Item><rasd:OtherResourceType>cpu</rasd:OtherResourceType>"
	"<rasd:AllocationUnits>4</rasd:AllocationUnits></Item></Section></Content></Envelope>"
	"<response><new/><status>success</status></response></data></cmd></LDM_interface>",
	/* Both items in one section, data directly below the root... but with an action. */
	"<LDM_interface><cmd><action>list-domain</action></cmd><data><Envelope>"
	"<Content ovf:id=\"rose\"><Section><Item>"
	"<rasd:OtherResourceType>ldom_info</rasd:OtherResourceType><uuid>u-1</uuid>"
	"<rasd:Address>00:14:4f:00:00:01</rasd:Address><state>bound</state></Item><Item>"
	"<rasd:OtherResourceType>cpu</rasd:OtherResourceType>"
	"<rasd:AllocationUnits>4</rasd:AllocationUnits></Item></Section></Content></Envelope></"
	"data>"
	"</LDM_interface>",
	/* Data version 2.0. */
	"<LDM_interface version=\"1.0\"><cmd><action>list-domain</action><data version=\"2.0\">"
	"<ldom><ldom_info><ldom_name>rose</ldom_name><uuid>u-1</uuid>"
	"<mac_address>00:14:4f:00:00:01</mac_address><state>bound</state></ldom_info>"
	"<cpu><number>4</number></cpu></ldom>" OK "</data>" OK "</cmd>" OK "</LDM_interface>",
};

static void test_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(alike); i++)
		expect(alike[i], ROSE_READ);
}

#define V2(inner)                                                                                  \
	"<LDM_interface><cmd><action>a</action><data version=\"2.0\"><ldom>" inner                 \
	"</ldom></data></cmd></LDM_interface>"

static void test_version_2(void **state)
{
	(void)state;
	expect(V2("<ldom_info><ldom_name>x</ldom_name><ldom_state>5</ldom_state></ldom_info>"),
		"+[x] ldom_info ldom_state=5 state=5\na ok {} {}\n");
	expect(V2("<state>bound</state><ldom_info><ldom_name>x</ldom_name></ldom_info>"),
		"+[x] state units=bound\nldom_info state=bound\na ok {} {}\n");
	expect(V2("<ldom_info><state>1</state><ldom_state>5</ldom_state></ldom_info>"
		  "<state>6</state>"),
		"+[] ldom_info state=1 ldom_state=5\nstate units=6\na ok {} {}\n");
	expect(V2("<mau><number> 2 </number></mau><memory><size>256K</size></memory>"
		  "<vcc><service_name>v</service_name><number>3</number></vcc>"
		  "<network><mac_address>m</mac_address></network>"),
		"+[] mau units=2\nmemory units=256K\nvcc service_name=v number=3\n"
		"network address=m\na ok {} {}\n");
}

static void test_shapes(void **state)
{
	static const struct {
		const char *xml, *wanted;
	} samples[] = {
		/* Sections of no domain. */
		{REPLY(HEAD, "<Section><Item><rasd:OtherResourceType>spconfig"
			     "</rasd:OtherResourceType><spconfig_name>a</spconfig_name></Item></"
			     "Section>"
			     "<Section><Item><OtherResourceType>spconfig</OtherResourceType>"
			     "<spconfig_name>b</spconfig_name></Item></Section>"),
			"+[host] spconfig spconfig_name=a\nspconfig spconfig_name=b\n"
			"list-domain ok {} {}\n"},
		/* Beside the one Content they are about its domain. */
		{REPLY(HEAD, "<Section><Item/></Section><Content id=\"d\"><Section><Item>"
			     "<k>v</k></Item></Section></Content><Section><Item><l>w</l></Item></"
			     "Section>"),
			"+[d]  k=v\n\n l=w\n" /* no types */
			"list-domain ok {} {}\n"},
		/* Bindings, in bindings; a key twice; a property without a key. */
		{REPLY(HEAD, "<Content ovf:id=\"d\"><Section><Item><OtherResourceType>vds"
			     "</OtherResourceType><p>1</p><g:GenericProperty key=\"p\">2"
			     "</g:GenericProperty><g:GenericProperty>3</g:GenericProperty>"
			     "<bind:Binding><Item><OtherResourceType>vol</OtherResourceType>"
			     "<binding><Item><q/></Item></binding></Item><Item><AllocationUnits>5"
			     "</AllocationUnits></Item></bind:Binding><r>4</r></Item></Section></"
			     "Content>"),
			"+[d] vds p=1 p=2 r=4 (vol ( q=)) ( units=5)\nlist-domain ok {} {}\n"},
		/* Empty content, no id. */
		{REPLY(HEAD, "<References/><Content xsi:type=\"x\" ovf:id=\"d\"/>"),
			"+[d]\nlist-domain ok {} {}\n"},
		{REPLY(HEAD, "<Content/>"), "+[]\nlist-domain ok {} {}\n"},
		/* Registration. */
		{"<LDM_interface version=\"1.1\"><cmd><action>reg-all-events</action>"
		 "<data version=\"3.0\">" OK "</data>" OK "</cmd>" OK "</LDM_interface>",
			"reg-all-events ok {} {}\n"},
		{"<other><cmd><action>a</action></cmd></other>", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		expect(samples[i].xml, samples[i].wanted);
}

#define FAILED(text)  "<response><status>failure</status>" text "</response>"
#define SAYS(text)    "<resp_msg>" text "</resp_msg>"
#define CONTENT(name) "<Envelope><Content ovf:id=\"" name "\"/></Envelope>"
#define CMD(inner)    "<LDM_interface><cmd><action>a</action>" inner "</LDM_interface>"

static void test_responses(void **state)
{
	static const struct {
		const char *xml, *wanted;
	} samples[] = {
		/* At the root with and without text. */
		{"<LDM_interface>" FAILED(SAYS("Invalid XML request")) "</LDM_interface>",
			"? failed {Invalid XML request} {}\n"},
		{"<LDM_interface>" FAILED("") "</LDM_interface>", "? failed {} {}\n"},
		/* In the second of two; texts of all levels, in order, white space trimmed. */
		{CMD("<data>" CONTENT("d") OK "</data><data>" CONTENT("e")
				 FAILED(SAYS(" one ") SAYS("two\n")) "</data>" FAILED(
					 SAYS("three")) "</cmd>" FAILED(SAYS("four"))),
			"+[d]\n-{one; two}[e]\na failed {one; two; three; four} {}\n"},
		/* A failure that only the object tells. */
		{CMD("<data>" FAILED(SAYS("x")) "</data>" OK "</cmd>" OK), "a failed {x} {}\n"},
		/* Words: case, white space, nonsense. */
		{CMD("<data>" CONTENT(
			 "d") "<response><status>\n FAILURE </status></response></data>"
			      "</cmd>"),
			"-[d]\na failed {} {}\n"},
		{CMD("<data>" CONTENT(
			 "d") "<response><status>maybe</status></response></data></cmd>"),
			"-[d]\na failed {} {}\n"},
		/* The message in front of the status. */
		{CMD("</cmd><response>" SAYS("m") "<status>failure</status></response>"),
			"a failed {m} {}\n"},
		/* A second response is a warning, whatever it says; so is a text of a success. */
		{CMD("<data>" CONTENT("d") OK "<response><status>success</status>" SAYS(
			 "w1") "</response></data></cmd>" OK),
			"+[d]\na ok {} {w1}\n"},
		{CMD("<data>" CONTENT("d") OK FAILED(SAYS("w2")) "</data></cmd>" OK),
			"+[d]\na ok {} {w2}\n"},
		{CMD("<data><response><status>success</status>" SAYS(
			 "w3") "</response></data></cmd>" OK),
			"a ok {} {w3}\n"},
		{CMD("<data>" FAILED(SAYS("f")) "<response>" SAYS("w") "</response></data></cmd>"),
			"a failed {f} {w}\n"},
		/* Each data counts its own. */
		{CMD("<data>" OK "</data><data>" FAILED(SAYS("f")) "</data></cmd>"),
			"a failed {f} {}\n"},
		/* None at all. */
		{CMD("<data>" CONTENT("d") "</data></cmd>"), "+[d]\na ok {} {}\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		expect(samples[i].xml, samples[i].wanted);
}

#define EVENT(action, envelope)                                                                    \
	"<LDM_event version=\"1.1\"><cmd><action>" action "</action><data version=\"3.0\">"        \
	"<Envelope><References/>" envelope "</Envelope></data></cmd></LDM_event>"
#define SWITCH                                                                                     \
	"<Section><Item><rasd:OtherResourceType>vsw</rasd:OtherResourceType>"                      \
	"<gprop:GenericProperty key=\"service_name\">s</gprop:GenericProperty></Item></Section>"

static void test_events(void **state)
{
	static const struct {
		const char *xml, *wanted;
	} samples[] = {
		{EVENT("bind-domain", "<Content ovf:id=\"d\"/>"),
			"event bind-domain d - - - [d]\n"},
		/* The section in the content, beside it, in front of it, without it. */
		{EVENT("set-vswitch", "<Content ovf:id=\"d\">" SWITCH "</Content>"),
			"event set-vswitch d - - - [d] vsw service_name=s\n"},
		{EVENT("set-vswitch", "<Content ovf:id=\"d\"/>" SWITCH),
			"event set-vswitch d - - - [d] vsw service_name=s\n"},
		{EVENT("set-vswitch", SWITCH "<Content ovf:id=\"d\"/>"),
			"event set-vswitch d - - - [d] vsw service_name=s\n"},
		{EVENT("set-spconfig", SWITCH),
			"event set-spconfig - - - - [host] vsw service_name=s\n"},
		{EVENT("migration-process",
			 "<Content id=\"d\"><Section><Item><OtherResourceType>ldom_info"
			 "</OtherResourceType><g:GenericProperty "
			 "key=\"progress\">45%</g:GenericProperty>"
			 "<status>ongoing</status><source>t5</source></Item></Section></Content>"),
			"event migration-process d 45% ongoing t5 [d] ldom_info progress=45% "
			"status=ongoing source=t5\n"},
		{"<LDM_event><cmd><action>x</action><data/></cmd><cmd><action>y</action></cmd>"
		 "</LDM_event>",
			"event x - - - - [host]\n"},
		{"<LDM_event><cmd><data/></cmd></LDM_event>", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		expect(samples[i].xml, samples[i].wanted);
}

static void expect_refused(
	const char *xml, size_t len, const struct ldm_limits *limits, const char *rule)
{
	_cleanup_free_ char *error = NULL;
	struct ldm_document d;
	int r = ldm_document_parse(xml, len, limits, NULL, NULL, &d, &error);

	if (r != -EBADMSG || !error || !strstr(error, rule))
		fail_msg("%d, %s: %.80s", r, error, xml);
}

static void test_refused(void **state)
{
	static const struct {
		const char *xml, *rule;
	} samples[] = {
		{"<!DOCTYPE a [<!ENTITY x \"y\">]><LDM_interface>&x;</LDM_interface>",
			"document type"},
		{"<LDM_interface>&x;</LDM_interface>", "'x'"},
		{"<LDM_interface><cmd></LDM_interface></cmd>", "mismatch"},
		{"<LDM_interface><cmd", "no end"},
		{"<LDM_interface>", "no end"},
		{"", "no end"},
		{"<LDM_interface/><LDM_interface/>", "more than one"},
		{"<LDM_interface/>x", "outside"},
		{"<LDM_interface a='1' a='2'/>", "redefined"},
		{"<LDM_interface a=1/>", "line 1"},
		{"<LDM_interface>&#1;</LDM_interface>", "line 1"},
		{"</LDM_interface>", "stray"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		expect_refused(samples[i].xml, strlen(samples[i].xml), NULL, samples[i].rule);
	expect_refused("<\0a/>", 5, NULL, "begins no tag");
}

static void test_limits(void **state)
{
	static const char many[] = REPLY(HEAD, "<Content id=\"d\"><Section><Item><a>1</a><b>2</b>"
					       "</Item><Item/></Section></Content>");
	struct ldm_limits l = ldm_limits_default;

	(void)state;
	l.properties = 1;
	expect_refused(many, sizeof(many) - 1, &l, "properties");
	l = ldm_limits_default;
	l.resources = 2;
	expect_refused(many, sizeof(many) - 1, &l, "resources");
	l = ldm_limits_default;
	l.value = 5;
	expect_refused(many, sizeof(many) - 1, &l, "value");
	l = ldm_limits_default;
	l.depth = 5;
	expect_refused(many, sizeof(many) - 1, &l, "deep");
}

static void test_messages_are_capped(void **state)
{
	static const char xml[] = CMD("</cmd>" FAILED(SAYS("abc\xc3\xa9"
							   "f") SAYS("z")));
	struct ldm_limits l = ldm_limits_default;
	struct ldm_document d;

	(void)state;
	l.messages = 4;
	assert_int_equal(ldm_document_parse(xml, sizeof(xml) - 1, &l, NULL, NULL, &d, NULL), 0);
	assert_string_equal(d.reply.message, "abc");
	ldm_document_clear(&d);
}

/* Bytes that XML must not have become question marks; the rest is read. */
static void test_bytes(void **state)
{
	(void)state;
	expect(CMD("<data>" CONTENT("d")
			       FAILED(SAYS("a\xe9z \x01\xff \xc3\xa9 \xed\xa0\x80")) "</data>"
										     "</cmd>"),
		"-{a?z ?? \xc3\xa9 ???}[d]\na failed {a?z ?? \xc3\xa9 ???} {}\n");
	expect("<?xml version=\"1.0\" encoding=\"UTF-16\"?>" CMD("</cmd>"), "a ok {} {}\n");
}

static int stop_at_second(void *user, const struct ldm_content *c, bool ok, const char *message)
{
	int *n = user;

	(void)c;
	(void)ok;
	(void)message;
	return ++*n == 2 ? -EXDEV : 0;
}

static void test_stop(void **state)
{
	static const char xml[] = CMD("<data>" CONTENT("a") "</data><data>" CONTENT(
		"b") "</data>"
		     "<data>" CONTENT("c") "</data></cmd>");
	const struct ldm_document_ops stop = {.on_content = stop_at_second};
	struct ldm_document d;
	char *error;
	int n = 0;

	(void)state;
	assert_int_equal(
		ldm_document_parse(xml, sizeof(xml) - 1, NULL, &stop, &n, &d, &error), -EXDEV);
	assert_int_equal(n, 2);
	assert_null(error);
	assert_int_equal(d.kind, LDM_DOCUMENT_REPLY);
}

/* A large host: 20 MB in one document, one domain in memory at a time. */
static void test_large(void **state)
{
	struct buffer b = BUFFER_EMPTY;
	struct ldm_document d;
	int n = -1000000;

	(void)state;
	buffer_append_text(&b, HEAD "<cmd><action>list-bindings</action>");
	for (int i = 0; i < 26000; i++) {
		buffer_printf(&b, "<data><Envelope><Content ovf:id=\"d%d\">", i);
		buffer_append_text(&b, ROSE ROSE "</Content></Envelope>" OK "</data>");
	}
	buffer_append_text(&b, "</cmd></LDM_interface>");
	assert_true(b.len > 20000000);
	assert_int_equal(
		ldm_document_parse(buffer_data(&b), b.len, NULL,
			&(struct ldm_document_ops){.on_content = stop_at_second}, &n, &d, NULL),
		0);
	assert_int_equal(n, -1000000 + 26000);
	ldm_document_clear(&d);
	buffer_clear(&b);
}

static void read_next(struct ldm_parser *p, const char *xml, int wanted, const char *domain)
{
	_cleanup_(buffer_clear) struct buffer seen = BUFFER_EMPTY;
	_cleanup_free_ char *error = NULL;
	struct ldm_document d;

	assert_int_equal(ldm_parser_read(p, xml, strlen(xml), &ops, &seen, &d, &error), wanted);
	assert_int_equal(error != NULL, wanted < 0);
	if (wanted == 0)
		assert_string_equal(buffer_data(&seen), domain);
	ldm_document_clear(&d);
}

/*
 * What was read before does not show in the next document: not after one that was refused in its
 * midst, and not after so many names that the parser begins anew.
 */
static void test_one_after_another(void **state)
{
	static const char good[] = REPLY(HEAD, "<Content id=\"a&amp;b\">" ROSE "</Content>"),
			  bad[] = HEAD "<cmd><action>x</action><data><Envelope><Content id=\"c\">"
				       "<Section><Item></Section>";
	_cleanup_free_ char *wanted = read_text(good);
	_cleanup_(ldm_parser_freep) struct ldm_parser *p = NULL;

	(void)state;
	assert_int_equal(ldm_parser_new(NULL, &p), 0);
	*strstr(wanted, "list-domain ok") = '\0'; /* what is said of the document as a whole */
	for (int i = 0; i < 300; i++) {
		_cleanup_(buffer_clear) struct buffer names = BUFFER_EMPTY;

		read_next(p, good, 0, wanted);
		if (i % 100 == 50)
			read_next(p, bad, -EBADMSG, NULL);
		buffer_append_text(&names, HEAD "<cmd><data>");
		for (int k = 0; k < 500; k++)
			buffer_printf(&names, "<n%d-%d/>", i, k);
		buffer_append_text(&names, "</data></cmd></LDM_interface>");
		read_next(p, buffer_data(&names), 0, "");
	}
}

/* The fenced block behind a marker of docs/ldm-xml.md. */
static char *from_manual(const char *marker)
{
	_cleanup_free_ char *text = NULL;
	char *at, *end;

	assert_int_equal(file_read(TOP_SRCDIR "/docs/ldm-xml.md", 1 << 20, &text, NULL), 0);
	at = strstr(text, marker);
	assert_non_null(at);
	at = strstr(at, "```xml\n");
	assert_non_null(at);
	at += strlen("```xml\n");
	end = strstr(at, "\n```\n");
	assert_non_null(end);
	return strndup(at, end - at);
}

static void test_manual(void **state)
{
	_cleanup_free_ char *bindings = from_manual("<!-- document: bindings -->");
	_cleanup_free_ char *constraints = from_manual("<!-- document: constraints -->");

	(void)state;
	expect(bindings,
		"+[marigold] ldom_info address=00:14:4f:f8:31:07 "
		"uuid=7c0b2f1e-5a63-4d0e-8f11-2b9d6c3a4e55 hostid=0x84f83107 failure-policy=reset "
		"master=primary extended-mapin-space=on cpu-arch=native rc-add-policy= "
		"state=active "
		"flags=-n---- utilization=12.5% normalized_utilization=11.9% uptime=4d 3h 12m\n"
		"cpu units=2 wcore=0 (cpu vid=0 pid=16 cid=2 strand_percent=100 util_percent=20.1%)"
		" (cpu vid=1 pid=17 cid=2 strand_percent=100 util_percent=4.9%)\n"
		"memory units=3G (memory ra=0x10000000 pa=0x480000000 size=3G)\n"
		"network address=00:14:4f:f8:31:08 vnet_name=vnet0 service_name=primary-vsw0 "
		"linkprop= pvid=20\n"
		"disk vdisk_name=root service_name=primary-vds0 vol_name=marigold-root "
		"(vds_volume service_name=primary-vds0 vol_name=marigold-root "
		"block_dev=/dev/zvol/dsk/tank/marigold)\n"
		"var name=auto-boot? value=true\n"
		"console port=5003 service_name=primary-vcc0 group=flowers\n"
		"list-bindings ok {} {}\n");
	expect(constraints,
		"+[cornflower] ldom_info address=00:14:4f:f8:40:01 hostid=84f84001 state=3\n"
		"cpu units=4\nmau units=1\nmemory units=2048M\n"
		"network address=00:14:4f:f8:40:02 vnet_name=vnet0 service_name=primary-vsw0\n"
		"disk vdisk_name=vdisk0 service_name=primary-vds0 vol_name=cornflower-root\n"
		"var name=nvramrc value=devalias garden "
		"/virtual-devices@100/channel-devices@200/disk@0\nprobe-all install-console\n"
		"list-constraints ok {} {}\n");
}

static void test_lookups(void **state)
{
	struct ldm_property props[] = {
		{(char *)"a", (char *)"1"}, {(char *)"b", (char *)"2"}, {(char *)"a", (char *)"3"}};
	struct ldm_resource resources[] = {
		{.type = (char *)"cpu", .props = props, .n_props = 3}, {.type = (char *)"memory"}};
	const struct ldm_content c = {.resources = resources, .n_resources = 2};

	(void)state;
	assert_string_equal(ldm_resource_get(&resources[0], "a"), "1");
	assert_null(ldm_resource_get(&resources[0], "c"));
	assert_ptr_equal(ldm_content_find(&c, "memory"), &resources[1]);
	assert_null(ldm_content_find(&c, "disk"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_version_2),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_messages_are_capped),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_one_after_another),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_lookups),
	};

	return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
