/* The plugin `c-output`.
 *
 * `plugin.h` is generated from the contract; what a call returns is freed for the plugin, and so must be allocated. */

#include "plugin.h"

#include "forebay.h"

static const char DESCRIPTION[] =
    "{\"contract\": 1,"
    " \"plugin\": {\"name\": \"c-output\", \"version\": \"0.1.0\", \"summary\": \"Writes messages to a file.\"},"
    " \"components\": [{\"kind\": \"output\", \"name\": \"c_output\","
    "   \"summary\": \"Writes messages to a file, a line each.\","
    "   \"config\": {\"type\": \"object\", \"fields\": [{\"name\": \"path\", \"type\": \"string\","
    "     \"docs\": \"The file. It is created where it is missing.\"}]}}]}";

/* One instance serves one component. */
static char *path;
static size_t path_size;
static bool is_open;
static forebay_files_files_own_appender_t file;

void exports_forebay_plugin_description_describe(plugin_string_t *ret) { plugin_string_dup(ret, DESCRIPTION); }

bool exports_forebay_plugin_outputs_open(plugin_string_t *component, plugin_string_t *config,
                                         exports_forebay_plugin_outputs_problem_t *err) {
  path = forebay_config_text((const char *)config->ptr, config->len, "path", &path_size);
  plugin_string_free(component);
  plugin_string_free(config);
  if (path != NULL) return true;
  plugin_string_dup(&err->message, "a path is needed");
  plugin_string_dup(&err->field, "/path");
  err->line = err->column = 0;
  return false;
}

/* The host calls this again, with growing pauses, until it succeeds. */
bool exports_forebay_plugin_outputs_connect(plugin_string_t *err) {
  if (is_open) forebay_files_files_appender_drop_own(file);
  plugin_string_t name = {(uint8_t *)path, path_size};
  forebay_files_files_file_error_t error;
  is_open = forebay_files_files_append_to(&name, &file, &error);
  /* Every case of the error has a text, in the same place; it is ours now, and freed when it is returned. */
  if (!is_open) *err = error.val.other;
  return is_open;
}

/* Starts to write and does not wait: the messages are delivered when the operation has ended well. */
bool exports_forebay_plugin_outputs_write(exports_forebay_plugin_outputs_own_batch_t batch,
                                          exports_forebay_plugin_outputs_written_t *ret,
                                          exports_forebay_plugin_outputs_write_error_t *err) {
  (void)err;
  static uint8_t line_feed = '\n';
  plugin_list_u8_t delimiter = {&line_feed, 1};
  exports_forebay_plugin_outputs_pending_t *pending = calloc(1, sizeof *pending);
  pending->operation = forebay_files_files_method_appender_append_batch(
      forebay_files_files_borrow_appender(file), forebay_plugin_batches_borrow_batch(batch), &delimiter);
  forebay_plugin_batches_batch_drop_own(batch);
  ret->failed.ptr = NULL;
  ret->failed.len = 0;
  ret->pending.ptr = pending;
  ret->pending.len = 1;
  return true;
}

bool exports_forebay_plugin_outputs_resolve(exports_forebay_plugin_outputs_own_operation_t operation,
                                            exports_forebay_plugin_outputs_written_t *ret,
                                            exports_forebay_plugin_outputs_write_error_t *err) {
  (void)operation;
  (void)ret;
  err->tag = EXPORTS_FOREBAY_PLUGIN_OUTPUTS_WRITE_ERROR_FAILED;
  plugin_string_dup(&err->val.failed, "no operation asked for this");
  return false;
}

void exports_forebay_plugin_outputs_close(void) {
  if (is_open) forebay_files_files_appender_drop_own(file);
  is_open = false;
}
