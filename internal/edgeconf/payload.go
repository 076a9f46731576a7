package edgeconf

import (
	"encoding/json"
	"errors"
	"fmt"
)

// payload reads payload = { uri = "file:///..." }, the JSON to send with the registration.
func (r *reader) payload(t *table) File {
	it := t.item("payload")
	if it == nil {
		return File{}
	}
	if it.kind != kindTable {
		r.add(ProblemPayload, settingPayload, r.origin(it), "%s is %s; write payload = { uri = \"file:///DIRECTORY/FILE\" }", r.origin(it), it.kind)
		return File{}
	}
	uri := r.required(it.table, "uri", settingPayload)
	if uri.IsZero() {
		return File{}
	}
	file := r.file(uri, ProblemPayload, settingPayload, r.readFile)
	if file.IsZero() {
		return file
	}
	if err := checkPayload([]byte(file.Content.Reveal())); err != nil {
		r.add(ProblemPayload, settingPayload, file.Origin, "%s: %s %v", file.Origin, showPath(file.Path), err)
	}
	return file
}

// checkPayload returns an error that completes a sentence about a payload that the service
// will not accept.
func checkPayload(data []byte) error {
	var payload any
	if err := json.Unmarshal(data, &payload); err != nil {
		return fmt.Errorf("is not JSON: %w", err)
	}
	if _, ok := payload.(map[string]any); !ok {
		return errors.New("is JSON, but not an object in braces, which the service requires")
	}
	return nil
}
