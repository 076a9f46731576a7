package emulator

import (
	"mime"
	"net/http"
	"slices"

	"dpsdiag/internal/dps"
)

// maxTimes is the largest count of a fault in a configuration.
const maxTimes = 1_000_000

// fault reads one fault of a configuration.
func (c *checker) fault(path string, d *documentFault) *fault {
	f := &fault{devices: d.RegistrationIDs, times: d.Times}
	c.within(path+".times", d.Times, 0, maxTimes)
	for _, id := range d.RegistrationIDs {
		if _, err := dps.CheckRegistrationID(id); err != nil {
			c.failf(path+".registration_ids", "%w", err)
		}
	}
	f.on = c.moments(path+".on", d.On)
	if slices.Contains(f.on, opConnect) && d.Times != 0 {
		c.failf(path+".times", "cannot be counted on %q, where it is not known yet who calls", opConnect)
	}
	if slices.Contains(f.on, opAssign) {
		f.answer = c.outcome(path, d)
	} else {
		f.answer = c.refusal(path, d)
	}
	return f
}

func (c *checker) moments(path string, names []string) []operation {
	all := []operation{opConnect, opRegister, opStatus, opLookup, opAssign}
	var on []operation
	for _, name := range names {
		if !slices.Contains(all, operation(name)) {
			c.failf(path, "%q is none of %q", name, all)
		}
		on = append(on, operation(name))
	}
	switch {
	case len(on) == 0:
		c.failf(path, "names no moment; the moments are %q", all)
	case len(on) > 1 && slices.Contains(on, opAssign):
		c.failf(path, "%q stands alone, because its answer is a result", opAssign)
	}
	return on
}

// outcome reads the answer of a fault on assign.
func (c *checker) outcome(path string, d *documentFault) answer {
	if d.Status != nil || d.RetryAfter != nil || d.ContentType != "" || d.Body != "" {
		c.failf(path, "on %q there is no status, retry_after, content_type or body", opAssign)
	}
	a := answer{result: dps.Status(d.Result), message: d.Message, code: c.errorCode(path, d.ErrorCode, 0)}
	results := []dps.Status{dps.StatusFailed, dps.StatusDisabled, dps.StatusAssigning}
	if !slices.Contains(results, a.result) {
		c.failf(path+".result", "%q is none of %q", d.Result, results)
	}
	if a.result == dps.StatusFailed && a.code == 0 {
		c.failf(path+".error_code", "a failed registration needs one")
	}
	return a
}

// refusal reads the answer of a fault on any other moment.
func (c *checker) refusal(path string, d *documentFault) answer {
	if d.Result != "" {
		c.failf(path+".result", "belongs to %q", opAssign)
	}
	if d.Status == nil {
		c.failf(path+".status", "missing: the HTTP status of the answer")
		return answer{}
	}
	status := *d.Status
	a := family(status)
	a.code, a.retryAfter = c.errorCode(path, d.ErrorCode, a.code), c.wait(path+".retry_after", d.RetryAfter)
	if d.Message != "" {
		a.message = d.Message
	}
	a.foreign = c.foreign(path, d)
	if a.foreign == nil || status != http.StatusOK {
		c.within(path+".status", status, 400, 599)
	}
	return a
}

func (c *checker) errorCode(path string, code *int, otherwise int) int {
	if code == nil {
		return otherwise
	}
	c.within(path+".error_code", *code, 100_000, 999_999)
	return *code
}

// foreign reads the answer that something else than the service gives.
func (c *checker) foreign(path string, d *documentFault) *foreign {
	if d.ContentType == "" && d.Body == "" {
		return nil
	}
	if _, _, err := mime.ParseMediaType(d.ContentType); err != nil {
		c.failf(path+".content_type", "a body needs a content type such as text/html: %w", err)
	}
	if d.ErrorCode != nil || d.Message != "" {
		c.failf(path, "has both a body and what the service would say; one of them is the answer")
	}
	return &foreign{contentType: d.ContentType, text: d.Body}
}
