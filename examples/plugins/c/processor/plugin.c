/* The plugin `c-processor`.
 *
 * `plugin.h` is generated from the contract; what a call returns is freed for the plugin, and so must be allocated. */

#include "plugin.h"

#include <ctype.h>

#include "forebay.h"

static const char DESCRIPTION[] =
    "{\"contract\": 1,"
    " \"plugin\": {\"name\": \"c-processor\", \"version\": \"0.1.0\","
    "              \"summary\": \"Writes messages in capital letters.\"},"
    " \"components\": [{\"kind\": \"processor\", \"name\": \"c_processor\","
    "   \"summary\": \"Writes every message in capital letters.\","
    "   \"config\": {\"type\": \"object\", \"fields\": [{\"name\": \"ending\", \"type\": \"string\", \"default\": \"!\","
    "     \"docs\": \"What every message ends with.\"}]}}]}";

/* One instance serves one component. */
static char *ending;
static size_t ending_size;

void exports_forebay_plugin_description_describe(plugin_string_t *ret) { plugin_string_dup(ret, DESCRIPTION); }

bool exports_forebay_plugin_processors_open(plugin_string_t *component, plugin_string_t *config,
                                            exports_forebay_plugin_processors_problem_t *err) {
  ending = forebay_config_text((const char *)config->ptr, config->len, "ending", &ending_size);
  bool is_well = ending != NULL && memchr(ending, '\n', ending_size) == NULL;
  if (!is_well) {
    plugin_string_dup(&err->message, "a message stays on its line");
    plugin_string_dup(&err->field, "/ending");
    err->line = err->column = 0;
  }
  plugin_string_free(component);
  plugin_string_free(config);
  return is_well;
}

/* The new payload of a message that is not empty. */
static void shout(plugin_list_u8_t *payload) {
  uint8_t *loud = malloc(payload->len + ending_size);
  for (size_t i = 0; i < payload->len; i++) loud[i] = (uint8_t)toupper(payload->ptr[i]);
  memcpy(loud + payload->len, ending, ending_size);
  free(payload->ptr);
  payload->ptr = loud;
  payload->len += ending_size;
}

bool exports_forebay_plugin_processors_process(exports_forebay_plugin_processors_own_batch_t batch,
                                               exports_forebay_plugin_processors_processing_t *ret,
                                               plugin_string_t *err) {
  (void)err;
  forebay_plugin_batches_borrow_batch_t source = forebay_plugin_batches_borrow_batch(batch);
  forebay_plugin_batches_list_message_t messages;
  forebay_plugin_batches_method_batch_messages(source, &messages);
  bool independent = forebay_plugin_batches_method_batch_independent(source);

  /* For every result, the message that it comes from: one that nothing comes from was dropped on purpose. */
  uint32_t *origins = malloc((messages.len + 1) * sizeof *origins);
  size_t kept = 0;
  for (size_t i = 0; i < messages.len; i++) {
    forebay_plugin_batches_message_t *message = &messages.ptr[i];
    if (!message->payload.is_some || message->payload.val.len == 0) {
      forebay_plugin_batches_message_free(message);
      continue;
    }
    shout(&message->payload.val);
    messages.ptr[kept] = *message;
    origins[kept++] = (uint32_t)i;
  }
  messages.len = kept;
  exports_forebay_plugin_processors_processed_t *result = malloc(sizeof *result);
  result->batch = forebay_plugin_batches_static_batch_from_messages(&messages, independent);
  result->origins.tag = FOREBAY_PLUGIN_BATCHES_ORIGINS_EACH;
  result->origins.val.each.ptr = origins;
  result->origins.val.each.len = kept;

  for (size_t i = 0; i < kept; i++) forebay_plugin_batches_message_free(&messages.ptr[i]);
  free(messages.ptr);
  forebay_plugin_batches_batch_drop_own(batch);
  ret->tag = EXPORTS_FOREBAY_PLUGIN_PROCESSORS_PROCESSING_DONE;
  ret->val.done.ptr = result;
  ret->val.done.len = 1;
  return true;
}

bool exports_forebay_plugin_processors_resume(exports_forebay_plugin_processors_own_operation_t operation,
                                              exports_forebay_plugin_processors_processing_t *ret,
                                              plugin_string_t *err) {
  (void)operation;
  (void)ret;
  plugin_string_dup(err, "no operation was started here");
  return false;
}

void exports_forebay_plugin_processors_close(void) {}
