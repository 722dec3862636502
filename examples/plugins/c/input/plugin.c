/* The plugin `c-input`.
 *
 * `plugin.h` is generated from the contract; what a call returns is freed for the plugin, and so must be allocated. */

#include "plugin.h"

#include <stdio.h>

#include "forebay.h"

static const char DESCRIPTION[] =
    "{\"contract\": 1,"
    " \"plugin\": {\"name\": \"c-input\", \"version\": \"0.1.0\", \"summary\": \"Counts.\"},"
    " \"components\": [{\"kind\": \"input\", \"name\": \"c_input\", \"summary\": \"Counts.\","
    "   \"config\": {\"type\": \"object\", \"fields\": ["
    "     {\"name\": \"text\", \"type\": \"string\", \"default\": \"message \","
    "      \"docs\": \"What stands in front of every number.\"},"
    "     {\"name\": \"count\", \"type\": \"int\", \"default\": 10,"
    "      \"docs\": \"How far it counts; 0: without an end.\"},"
    "     {\"name\": \"batch_size\", \"type\": \"int\", \"default\": 1,"
    "      \"docs\": \"How many messages make a batch.\"}]}}]}";

/* One instance serves one component. */
static char *text;
static size_t text_size;
static int64_t count, batch_size, next = 1;
static uint64_t last_token;

void exports_forebay_plugin_description_describe(plugin_string_t *ret) { plugin_string_dup(ret, DESCRIPTION); }

bool exports_forebay_plugin_inputs_open(plugin_string_t *component, plugin_string_t *config,
                                        exports_forebay_plugin_inputs_problem_t *err) {
  const char *json = (const char *)config->ptr;
  text = forebay_config_text(json, config->len, "text", &text_size);
  count = forebay_config_int(json, config->len, "count", 10);
  batch_size = forebay_config_int(json, config->len, "batch_size", 1);
  plugin_string_free(component);
  plugin_string_free(config);
  if (batch_size >= 1) return true;
  plugin_string_dup(&err->message, "a batch has one message at least");
  plugin_string_dup(&err->field, "/batch_size");
  err->line = err->column = 0;
  return false;
}

bool exports_forebay_plugin_inputs_connect(plugin_string_t *err) {
  (void)err;
  return true;
}

/* What is rejected is tried again by the host: this input need not look at `settled`. */
bool exports_forebay_plugin_inputs_read(exports_forebay_plugin_inputs_list_settlement_t *settled,
                                        exports_forebay_plugin_inputs_event_t *ret, plugin_string_t *err) {
  (void)err;
  exports_forebay_plugin_inputs_list_settlement_free(settled);
  int64_t end = next + batch_size;
  if (count > 0 && end > count + 1) end = count + 1;
  if (next >= end) {
    ret->tag = EXPORTS_FOREBAY_PLUGIN_INPUTS_EVENT_ENDED;
    return true;
  }
  forebay_plugin_batches_list_message_t messages = {calloc((size_t)(end - next), sizeof *messages.ptr), 0};
  for (; next < end; next++) {
    plugin_option_list_u8_t *payload = &messages.ptr[messages.len++].payload;
    payload->is_some = true;
    payload->val.ptr = malloc(text_size + 21);
    memcpy(payload->val.ptr, text, text_size);
    payload->val.len = text_size + (size_t)snprintf((char *)payload->val.ptr + text_size, 21, "%lld", (long long)next);
  }
  ret->tag = EXPORTS_FOREBAY_PLUGIN_INPUTS_EVENT_BATCH;
  ret->val.batch.token = ++last_token;
  ret->val.batch.batch = forebay_plugin_batches_static_batch_from_messages(&messages, false);
  forebay_plugin_batches_list_message_free(&messages);
  return true;
}

void exports_forebay_plugin_inputs_close(exports_forebay_plugin_inputs_list_settlement_t *settled) {
  exports_forebay_plugin_inputs_list_settlement_free(settled);
}
