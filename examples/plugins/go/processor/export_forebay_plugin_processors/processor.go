// Package export_forebay_plugin_processors is the processor go_processor.
//
// The packages without `export` are generated from the contract.
package export_forebay_plugin_processors

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"wit_component/forebay_plugin_batches"
	"wit_component/forebay_plugin_configuration"
	"wit_component/forebay_plugin_operations"
	"wit_component/forebay_plugin_processors"

	"go.bytecodealliance.org/pkg/wit/types"
)

// One instance serves one component.
var config struct {
	Ending string `json:"ending"`
}

// Open checks the configuration, which has all defaults filled in.
func Open(component, text string) wit_types.Result[wit_types.Unit, forebay_plugin_configuration.Problem] {
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		return problem("", err.Error())
	}
	if strings.Contains(config.Ending, "\n") {
		return problem("/ending", "a message stays on its line")
	}
	return wit_types.Ok[wit_types.Unit, forebay_plugin_configuration.Problem](wit_types.Unit{})
}

func problem(field, message string) wit_types.Result[wit_types.Unit, forebay_plugin_configuration.Problem] {
	return wit_types.Err[wit_types.Unit](forebay_plugin_configuration.Problem{Message: message, Field: field})
}

// Process flags a message that is no text, which is passed on as it is, and drops an empty one.
func Process(batch *forebay_plugin_batches.Batch) wit_types.Result[forebay_plugin_processors.Processing, string] {
	messages, independent := batch.Messages(), batch.Independent()
	batch.Drop()
	// For every result, the message that it comes from: one that nothing comes from was dropped on purpose.
	results, origins := messages[:0], make([]uint32, 0, len(messages))
	for index, message := range messages {
		payload := message.Payload.SomeOr(nil)
		if len(payload) == 0 {
			continue
		}
		if utf8.Valid(payload) {
			message.Payload = wit_types.Some(append(bytes.ToUpper(payload), config.Ending...))
		} else {
			message.Error = wit_types.Some("the payload is no text")
		}
		results, origins = append(results, message), append(origins, uint32(index))
	}
	result := forebay_plugin_batches.Processed{
		Batch:   forebay_plugin_batches.BatchFromMessages(results, independent),
		Origins: forebay_plugin_batches.MakeOriginsEach(origins),
	}
	done := forebay_plugin_processors.MakeProcessingDone([]forebay_plugin_batches.Processed{result})
	return wit_types.Ok[forebay_plugin_processors.Processing, string](done)
}

// Resume goes on after an operation that Process returned; this one returns none.
func Resume(*forebay_plugin_operations.Operation) wit_types.Result[forebay_plugin_processors.Processing, string] {
	return wit_types.Err[forebay_plugin_processors.Processing]("no operation was started here")
}

// Close is the last call.
func Close() {}
