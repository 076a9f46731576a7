package emulator

import (
	"mime"
	"net/http"
	"slices"
	"time"

	"dpsdiag/internal/dps"
)

// Limits of a fault in a configuration.
const (
	maxTimes = 1_000_000
	maxDelay = 15 // seconds; an HTTPS connection has writeTimeout for its answer
)

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
		return f
	}
	f.answer = c.refusal(path, d)
	f.answer.delivery = c.delivery(path, d, f.on)
	if cuts := f.answer.delivery.manner == cut; !cuts && slices.Contains(f.on, opSubscribe) {
		c.failf(path+".delivery", "on %q there is no answer, so the delivery has to be %q", opSubscribe, cut)
	}
	return f
}

func (c *checker) moments(path string, names []string) []operation {
	all := []operation{opConnect, opSubscribe, opRegister, opStatus, opLookup, opAssign, opHub, opService}
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

// outcome reads the answer of a fault at assign.
func (c *checker) outcome(path string, d *documentFault) answer {
	if d.Status != nil || d.RetryAfter != nil || d.ContentType != "" || d.Body != "" || d.Delivery != "" || d.Delay != nil {
		c.failf(path, "on %q there is no status, retry_after, content_type, body, delivery or delay", opAssign)
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

// refusal reads the answer of a fault at any other operation.
func (c *checker) refusal(path string, d *documentFault) answer {
	if d.Result != "" {
		c.failf(path+".result", "belongs to %q", opAssign)
	}
	if d.Status == nil {
		if d.Delivery == "" {
			c.failf(path+".status", "missing: the HTTP status of the answer, unless only its delivery fails")
		} else if d.ErrorCode != nil || d.Message != "" || d.RetryAfter != nil || d.ContentType != "" || d.Body != "" {
			c.failf(path+".status", "missing: what the fault says needs one")
		}
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

// delivery reads how the delivery of an answer goes wrong.
func (c *checker) delivery(path string, d *documentFault, on []operation) delivery {
	how := delivery{manner: manner(d.Delivery)}
	if manners := []manner{cut, late, duplicate, other}; d.Delivery != "" && !slices.Contains(manners, how.manner) {
		c.failf(path+".delivery", "%q is none of %q", d.Delivery, manners)
	}
	for _, opening := range []operation{opConnect, opHub} {
		if d.Delivery != "" && how.manner != cut && slices.Contains(on, opening) {
			c.failf(path+".delivery", "on %q it can only be %q", opening, cut)
		}
	}
	if how.manner == cut && d.Status != nil {
		c.failf(path+".status", "cannot be sent if the delivery is %q", cut)
	}
	if d.Delay != nil && how.manner != late {
		c.failf(path+".delay", "belongs to the delivery %q", late)
	}
	if how.manner != late {
		return how
	}
	how.delay = lateness
	if d.Delay != nil {
		c.within(path+".delay", *d.Delay, 1, maxDelay)
		how.delay = time.Duration(*d.Delay) * time.Second
	}
	return how
}

func (c *checker) errorCode(path string, code *int, otherwise int) int {
	if code == nil {
		return otherwise
	}
	c.within(path+".error_code", *code, 100_000, 999_999)
	return *code
}

// foreign reads an answer that comes from something other than the service.
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
