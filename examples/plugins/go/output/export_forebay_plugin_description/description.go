// Package export_forebay_plugin_description is what the plugin says of itself.
package export_forebay_plugin_description

// Describe is called once, when the plugin is loaded.
func Describe() string {
	return `{
  "contract": 1,
  "plugin": {"name": "go-output", "version": "0.1.0", "summary": "Writes messages to a file."},
  "components": [{
    "kind": "output", "name": "go_output", "summary": "Writes messages to a file, a line each.",
    "config": {"type": "object", "fields": [
      {"name": "path", "type": "string", "docs": "The file. It is created where it is missing."}
    ]}
  }]
}`
}
