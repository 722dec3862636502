// Package export_forebay_plugin_description is what the plugin says of itself.
package export_forebay_plugin_description

// Describe is called once, when the plugin is loaded.
func Describe() string {
	return `{
  "contract": 1,
  "plugin": {"name": "go-processor", "version": "0.1.0", "summary": "Writes messages in capital letters."},
  "components": [{
    "kind": "processor", "name": "go_processor", "summary": "Writes every message in capital letters.",
    "config": {"type": "object", "fields": [
      {"name": "ending", "type": "string", "default": "!", "docs": "What every message ends with."}
    ]}
  }]
}`
}
