// Package export_forebay_plugin_description is what the plugin says of itself.
package export_forebay_plugin_description

// Describe is called once, when the plugin is loaded.
func Describe() string {
	return `{
  "contract": 1,
  "plugin": {"name": "go-input", "version": "0.1.0", "summary": "Counts."},
  "components": [{
    "kind": "input", "name": "go_input", "summary": "Counts.",
    "config": {"type": "object", "fields": [
      {"name": "text", "type": "string", "default": "message ", "docs": "What stands in front of every number."},
      {"name": "count", "type": "int", "default": 10, "docs": "How far it counts; 0: without an end."},
      {"name": "batch_size", "type": "int", "default": 1, "docs": "How many messages make a batch."}
    ]}
  }]
}`
}
