// Package export_forebay_plugin_outputs is the output go_output.
//
// The packages without `export` are generated from the contract.
package export_forebay_plugin_outputs

import (
	"encoding/json"

	"wit_component/forebay_files_files"
	"wit_component/forebay_plugin_batches"
	"wit_component/forebay_plugin_configuration"
	"wit_component/forebay_plugin_operations"
	"wit_component/forebay_plugin_outputs"

	"go.bytecodealliance.org/pkg/wit/types"
)

// One instance serves one component.
var config struct {
	Path string `json:"path"`
}

var file *forebay_files_files.Appender

// Open reads the configuration.
func Open(component, text string) wit_types.Result[wit_types.Unit, forebay_plugin_configuration.Problem] {
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		return wit_types.Err[wit_types.Unit](forebay_plugin_configuration.Problem{Message: err.Error()})
	}
	return wit_types.Ok[wit_types.Unit, forebay_plugin_configuration.Problem](wit_types.Unit{})
}

// Connect is called again, with growing pauses, until it succeeds.
func Connect() wit_types.Result[wit_types.Unit, string] {
	opened := forebay_files_files.AppendTo(config.Path)
	if opened.IsErr() {
		return wit_types.Err[wit_types.Unit](text(opened.Err()))
	}
	file = opened.Ok()
	return wit_types.Ok[wit_types.Unit, string](wit_types.Unit{})
}

func text(err forebay_files_files.FileError) string {
	switch err.Tag() {
	case forebay_files_files.FileErrorNotFound:
		return err.NotFound()
	case forebay_files_files.FileErrorDenied:
		return err.Denied()
	default:
		return err.Other()
	}
}

// Write starts to write and does not wait: the messages are delivered when the operation has ended well.
func Write(batch *forebay_plugin_batches.Batch) wit_types.Result[forebay_plugin_outputs.Written, forebay_plugin_outputs.WriteError] {
	defer batch.Drop()
	pending := forebay_plugin_outputs.Pending{
		Operation: file.AppendBatch(batch, []byte("\n")),
		Messages:  wit_types.None[[]uint32](),
	}
	written := forebay_plugin_outputs.Written{Pending: []forebay_plugin_outputs.Pending{pending}}
	return wit_types.Ok[forebay_plugin_outputs.Written, forebay_plugin_outputs.WriteError](written)
}

// Resolve goes on after an operation that asks for it; this output starts none.
func Resolve(*forebay_plugin_operations.Operation) wit_types.Result[forebay_plugin_outputs.Written, forebay_plugin_outputs.WriteError] {
	failed := forebay_plugin_outputs.MakeWriteErrorFailed("no operation asked for this")
	return wit_types.Err[forebay_plugin_outputs.Written](failed)
}

// Close is the last call.
func Close() {
	if file != nil {
		file.Drop()
	}
}
