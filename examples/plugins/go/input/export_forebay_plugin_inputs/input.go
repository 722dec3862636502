// Package export_forebay_plugin_inputs is the input go_input.
//
// The packages without `export` are generated from the contract.
package export_forebay_plugin_inputs

import (
	"encoding/json"
	"strconv"

	"wit_component/forebay_plugin_batches"
	"wit_component/forebay_plugin_configuration"
	"wit_component/forebay_plugin_inputs"

	"go.bytecodealliance.org/pkg/wit/types"
)

// One instance serves one component.
var config struct {
	Text      string `json:"text"`
	Count     int64  `json:"count"`
	BatchSize int64  `json:"batch_size"`
}

var (
	next      int64 = 1
	lastToken uint64
)

// Open checks the configuration, which has all defaults filled in.
func Open(component, text string) wit_types.Result[wit_types.Unit, forebay_plugin_configuration.Problem] {
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		return problem("", err.Error())
	}
	if config.BatchSize < 1 {
		return problem("/batch_size", "a batch has one message at least")
	}
	return wit_types.Ok[wit_types.Unit, forebay_plugin_configuration.Problem](wit_types.Unit{})
}

func problem(field, message string) wit_types.Result[wit_types.Unit, forebay_plugin_configuration.Problem] {
	return wit_types.Err[wit_types.Unit](forebay_plugin_configuration.Problem{Message: message, Field: field})
}

// Connect prepares for reading.
func Connect() wit_types.Result[wit_types.Unit, string] {
	return wit_types.Ok[wit_types.Unit, string](wit_types.Unit{})
}

// Read gives the next batch. What is rejected is tried again by the host: this input need not look at what was settled.
func Read([]forebay_plugin_inputs.Settlement) wit_types.Result[forebay_plugin_inputs.Event, string] {
	end := next + config.BatchSize
	if config.Count > 0 {
		end = min(end, config.Count+1)
	}
	if next >= end {
		return wit_types.Ok[forebay_plugin_inputs.Event, string](forebay_plugin_inputs.MakeEventEnded())
	}
	var messages []forebay_plugin_batches.Message
	for ; next < end; next++ {
		payload := strconv.AppendInt([]byte(config.Text), next, 10)
		messages = append(messages, forebay_plugin_batches.Message{
			Payload: wit_types.Some(payload),
			Error:   wit_types.None[string](),
		})
	}
	lastToken++
	arrived := forebay_plugin_inputs.ArrivedBatch{
		Token: lastToken,
		Batch: forebay_plugin_batches.BatchFromMessages(messages, false),
	}
	return wit_types.Ok[forebay_plugin_inputs.Event, string](forebay_plugin_inputs.MakeEventBatch(arrived))
}

// Close is the last call.
func Close([]forebay_plugin_inputs.Settlement) {}
