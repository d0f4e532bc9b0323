// Package export_algohost_ml_stream_handler answers a text with one JSON object a line, and one of all: a client sees the first while the last
// is counted.
package export_algohost_ml_stream_handler

import (
	"fmt"

	wit "go.bytecodealliance.org/pkg/wit/types"

	requests "wit_component/algohost_ml_requests"
	streams "wit_component/algohost_ml_streams"
	types "wit_component/algohost_ml_types"
	"wit_component/count"
	"wit_component/host"
)

// Load has nothing to load.
func Load() host.Done {
	return host.Finish(nil)
}

// HandleStream answers one request.
func HandleStream(request requests.Request, answer *streams.AnswerWriter) host.Done {
	defer answer.Drop()
	return host.Finish(handle(request.Body, answer))
}

func handle(text []byte, answer *streams.AnswerWriter) error {
	if valid := count.ValidUpTo(text); valid < len(text) {
		return host.Errorf(types.ErrorCodeInvalidInput, "the text is not UTF-8 from byte %d on", valid)
	}
	headers := []wit.Tuple2[string, string]{{F0: "content-type", F1: "application/jsonlines"}}
	if err := host.Check(answer.Begin(200, headers)); err != nil {
		return err
	}
	var lines int
	var total count.Counts
	for line := range count.Lines(text) {
		counted := count.Line(line)
		lines++
		total = total.Plus(counted)
		part := fmt.Appendf(nil, "{\"line\":%d,\"words\":%d,\"characters\":%d}\n", lines, counted.Words, counted.Characters)
		if err := host.Check(answer.Write(part)); err != nil {
			return err
		}
	}
	return host.Check(answer.Write(
		fmt.Appendf(nil, "{\"lines\":%d,\"words\":%d,\"characters\":%d}\n", lines, total.Words, total.Characters)))
}
