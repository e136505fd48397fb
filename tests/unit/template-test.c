/*
 * Templates: another name, no identity, all the rest untouched; and what is no template.
 */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ldm/template.h"
#include "ldm/request.h"
#include "temp-directory.h"
#include "util/buffer.h"
#include "util/file.h"

/* Prefixes without declarations, as ldm writes them; a disk that is called like a property. */
static const char version_3[] =
	"<?xml version=\"1.0\"?>\n<LDM_interface version=\"1.3\"><data version=\"3.0\"><Envelope>"
	"<References/><Content xsi:type=\"ovf:VirtualSystem_Type\" ovf:id=\"orchid\">"
	"<Section><Item><rasd:OtherResourceType>ldom_info</rasd:OtherResourceType>"
	"<uuid>0f6f8e1c-19f4-6a0b-b1d2-3c33a7c51a07</uuid>"
	"<rasd:Address>00:14:4f:f8:11:22</rasd:Address>"
	"<gprop:GenericProperty key=\"hostid\">0x84f81122</gprop:GenericProperty>"
	"<gprop:GenericProperty key=\"failure-policy\">reset</gprop:GenericProperty>"
	"</Item></Section>"
	"<Section><Item><rasd:OtherResourceType>cpu</rasd:OtherResourceType>"
	"<rasd:AllocationUnits>4</rasd:AllocationUnits></Item></Section>"
	"<Section><Item><rasd:OtherResourceType>network</rasd:OtherResourceType>"
	"<rasd:Address>00:14:4f:f8:11:23</rasd:Address>"
	"<gprop:GenericProperty key=\"vnet_name\">uuid</gprop:GenericProperty></Item></Section>"
	"<Section><Item><rasd:OtherResourceType> console\n</rasd:OtherResourceType>"
	"<gprop:GenericProperty key=\"port\">5001</gprop:GenericProperty>"
	"<gprop:GenericProperty key=\"group\">g</gprop:GenericProperty></Item></Section>"
	"<Section><Item><rasd:OtherResourceType>disk</rasd:OtherResourceType>"
	"<gprop:GenericProperty key=\"port\">7</gprop:GenericProperty></Item></Section>"
	"</Content></Envelope></data></LDM_interface>";

static const char version_2[] =
	"<LDM_interface version=\"1.0\"><cmd><action>list-constraints</action><data "
	"version=\"2.0\">"
	"<ldom><ldom_info><ldom_name>orchid</ldom_name><mac_address>00:14:4f:f8:11:22</mac_address>"
	"<hostid>84f81122</hostid></ldom_info><cpu><number>4</number></cpu>"
	"<network><vnet_name>vnet0</vnet_name><mac_address>00:14:4f:f8:11:23</mac_address></"
	"network>"
	"<console><port>5001</port><group>g</group></console>"
	"</ldom></data></cmd></LDM_interface>";

static void expect_absent(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("\"%s\" is still in %s", part, text);
}

static void expect_present(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in %s", part, text);
}

static void renamed(const char *document, struct buffer *out)
{
	const char *why;
	char *detail;

	*out = BUFFER_EMPTY;
	assert_int_equal(
		template_rename(document, strlen(document), "tulip", out, &why, &detail), 0);
}

/* The codec takes it for add-domain, with the new name. */
static void expect_request(const struct buffer *b)
{
	struct ldm_request *request;
	const char *why = NULL;

	assert_int_equal(ldm_request_add_domain(buffer_data(b), b->len, &request, &why), 0);
	assert_string_equal(ldm_request_domain(request), "tulip");
	ldm_request_free(request);
}

static void test_version_3(void **state)
{
	struct buffer b;

	(void)state;
	renamed(version_3, &b);
	expect_present(buffer_data(&b), "ovf:id=\"tulip\"");
	expect_absent(buffer_data(&b), "orchid");
	expect_absent(buffer_data(&b), "00:14:4f");
	expect_absent(buffer_data(&b), "0f6f8e1c");
	expect_absent(buffer_data(&b), "84f81122");
	expect_absent(buffer_data(&b), "5001");
	expect_present(buffer_data(&b), ">uuid<");
	expect_present(buffer_data(&b), ">reset<");
	expect_present(buffer_data(&b), ">7<");
	expect_present(buffer_data(&b), ">g<");
	expect_request(&b);
	buffer_clear(&b);
}

static void test_version_2(void **state)
{
	struct buffer b;

	(void)state;
	renamed(version_2, &b);
	expect_present(buffer_data(&b), "<ldom_name>tulip</ldom_name>");
	expect_absent(buffer_data(&b), "orchid");
	expect_absent(buffer_data(&b), "00:14:4f");
	expect_absent(buffer_data(&b), "84f81122");
	expect_absent(buffer_data(&b), "5001");
	expect_present(buffer_data(&b), "<number>4</number>");
	expect_present(buffer_data(&b), "<group>g</group>");
	expect_request(&b);
	buffer_clear(&b);
}

#define ITEM_3(name, value)                                                                        \
	"<Section><Item><rasd:OtherResourceType>var</rasd:OtherResourceType>"                      \
	"<gprop:GenericProperty key=\"name\">" name "</gprop:GenericProperty>"                     \
	"<gprop:GenericProperty key=\"value\">" value "</gprop:GenericProperty></Item></Section>"

/* What -X prints: a copy has neither the identity nor the secrets. */
static void test_clean(void **state)
{
	static const char *const documents[] = {
		"<LDM_interface><cmd><data><Envelope><Content id='orchid'>"
		"<Section><Item><uuid>0f6f8e1c</uuid><password>hush</password></Item></"
		"Section>" ITEM_3(" security-password\n", "hush") ITEM_3("security-mode", "full")
			ITEM_3("boot-device",
				"k&#xe4;se&#x9b;") "</Content></Envelope></data></cmd>"
						   "</LDM_interface>",
		"<LDM_interface><cmd><data><ldom><ldom_info><ldom_name>orchid</ldom_name>"
		"<mac_address>0f6f8e1c</mac_address></ldom_info><secret>hush</secret>"
		"<var><name>security-password</name><value>hush</value></var>"
		"<var><name>security-mode</name><value>full</value></var>"
		"<var><name>boot-device</name><value>k&#xe4;se&#x9b;</value></var>"
		"</ldom></data></cmd></LDM_interface>",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
		struct buffer b = BUFFER_EMPTY, c = BUFFER_EMPTY;
		const char *why;
		char *detail;
		size_t secrets = 0;

		assert_int_equal(
			template_clean(documents[i], strlen(documents[i]), &b, &secrets), 0);
		assert_int_equal(secrets, 3);
		expect_absent(buffer_data(&b), "hush");
		expect_absent(buffer_data(&b), "secur");
		expect_absent(buffer_data(&b), "0f6f8e1c");
		expect_absent(buffer_data(&b), "<Section/>");
		expect_present(buffer_data(&b), "boot-device");
		expect_present(buffer_data(&b), "orchid");
		/* A terminal gets nothing but ASCII. */
		for (size_t k = 0; k < b.len; k++)
			assert_in_range((unsigned char)buffer_data(&b)[k], '\n', '~');
		assert_int_equal(
			template_rename(buffer_data(&b), b.len, "tulip", &c, &why, &detail), 0);
		expect_present(buffer_data(&c), "k\xc3\xa4se\xc2\x9b");
		expect_request(&c);
		buffer_clear(&b);
		buffer_clear(&c);
	}
	assert_int_equal(template_clean("<a>", 3, &(struct buffer){0}, &(size_t){0}), -EBADMSG);
}

static void test_what_is_none(void **state)
{
	static const char *const documents[] = {
		"",
		"no XML",
		"<a/>",
		"<LDM_interface><data><Envelope><Content/></Envelope></data></LDM_interface>",
		"<LDM_interface><data><ldom/></data></LDM_interface>",
		"<a><Content id='x'/><Content id='y'/></a>",
		"<a><Content id='x'/><ldom><ldom_name>y</ldom_name></ldom></a>",
		"<!DOCTYPE a [<!ENTITY e 'x'>]><a><Content id='&e;'/></a>",
		"<a><Content id='x'></a>",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
		struct buffer b = BUFFER_EMPTY;
		const char *why = NULL;
		char *detail;

		assert_int_equal(
			template_rename(documents[i], strlen(documents[i]), "x", &b, &why, &detail),
			-EBADMSG);
		assert_non_null(why);
		free(detail);
		buffer_clear(&b);
	}
}

static void test_small(void **state)
{
	const struct template_domain d = {
		.name = "tulip", .vcpus = 6, .memory_mb = 3072, .crypto = 2};
	struct buffer b = BUFFER_EMPTY;
	const char *why;
	char *detail;

	(void)state;
	assert_int_equal(template_document(NULL, &d, &b, &why, &detail), 0);
	expect_present(buffer_data(&b), "<rasd:AllocationUnits>6<");
	expect_present(buffer_data(&b), "<rasd:AllocationUnits>3072M<");
	expect_present(buffer_data(&b), ">mau<");
	expect_request(&b);
	buffer_clear(&b);
}

static void test_files(void **state)
{
	char *directory = temp_directory_new(), *path = temp_path(directory, "web.xml");
	const struct template_domain d = {.name = "tulip", .template = "web"};
	static const struct {
		const char *document, *rule, *where;
	} bad[] = {
		{"\xef\xbb\xbf<a>\n  <Content id='x'></b>\n</a>", "mismatch", "line 2, column "},
		{"<a>\n<!DOCTYPE x></a>", "a document type declaration", "line 2, column 3"},
		{"<a>\n<b>", "no end of the document", "line 2, column 3"},
		{"<a>\x80</a>", "not UTF-8", ""},
	};
	struct buffer b = BUFFER_EMPTY;
	const char *why;
	char *detail;

	(void)state;
	assert_true(template_document(NULL, &d, &b, &why, &detail) < 0);
	assert_int_equal(template_document(directory, &d, &b, &why, &detail), -ENOENT);
	assert_int_equal(file_write_atomic(path, version_3, strlen(version_3), 0600), 0);
	assert_int_equal(template_document(directory, &d, &b, &why, &detail), 0);
	expect_request(&b);
	/* Others could put their own disks into it. */
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(template_document(directory, &d, &b, &why, &detail), -EPERM);
	assert_string_equal(why, "everybody can change it");
	unlink(path);
	/* Of a document that cannot be read: which file, which rule, where. */
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(
			file_write_atomic(path, bad[i].document, strlen(bad[i].document), 0600), 0);
		assert_int_equal(template_document(directory, &d, &b, &why, &detail), -EBADMSG);
		assert_string_equal(why, "the document is not well-formed or breaks a limit");
		assert_non_null(detail);
		expect_present(detail, "/web.xml: ");
		expect_present(detail, bad[i].rule);
		expect_present(detail, bad[i].where);
		free(detail);
		unlink(path);
	}
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(template_document(directory, &d, &b, &why, &detail), -ELOOP);
	unlink(path);
	assert_int_equal(file_write_atomic(path, version_3, strlen(version_3), 0600), 0);
	assert_int_equal(truncate(path, (4 << 20) + 1), 0);
	assert_int_equal(template_document(directory, &d, &b, &why, &detail), -EFBIG);
	assert_int_equal(temp_directory_free(directory), 0);
	free(path);
	buffer_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_3),
		cmocka_unit_test(test_version_2),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_what_is_none),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
