package tpm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
)

// How long a TPM may take for one command. A device that does not answer the first command
// is not a TPM. Making an RSA key can take a slow TPM most of a minute, and Linux allows it
// five minutes.
const (
	helloLimit = 10 * time.Second
	workLimit  = 5 * time.Minute
)

// patient gives up on a device that does not answer: a read from a device cannot be
// interrupted.
type patient struct {
	device transport.TPMCloser
	limit  time.Duration // for the next command
	silent bool          // it did not answer; the read may never return
}

// silence is the error for a command that is not answered in time.
const silence = "it does not answer"

// Send implements transport.TPM.
func (p *patient) Send(command []byte) ([]byte, error) {
	if p.silent {
		return nil, errors.New(silence)
	}
	type answer struct {
		bytes []byte
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		b, err := p.device.Send(command)
		answered <- answer{b, err}
	}()
	timer := time.NewTimer(p.limit)
	defer timer.Stop()
	select {
	case a := <-answered:
		p.limit = workLimit
		if a.err != nil {
			return nil, a.err
		}
		return a.bytes, checkResponse(a.bytes)
	case <-timer.C:
		p.silent = true
		return nil, errors.New(silence)
	}
}

// checkResponse returns an error if b is not the response of a TPM 2.0: a tag
// (TPM_ST_NO_SESSIONS or TPM_ST_SESSIONS), the total size, a code, and the rest.
func checkResponse(b []byte) error {
	const header = 10
	if len(b) < header || int64(binary.BigEndian.Uint32(b[2:])) != int64(len(b)) {
		return errors.New("its answer is not a TPM response")
	}
	if tag := tpm2.TPMST(binary.BigEndian.Uint16(b)); tag != tpm2.TPMSTNoSessions && tag != tpm2.TPMSTSessions {
		return fmt.Errorf("it answers with tag 0x%04x, which no TPM 2.0 does", uint16(tag))
	}
	return nil
}

// close closes the device unless a command is still running.
func (p *patient) close() {
	if !p.silent {
		p.device.Close()
	}
}

// chip is a TPM opened for one operation. As a transport.TPM it sends nothing after ctx has
// ended; cleanup uses tpm directly.
type chip struct {
	ctx  context.Context
	path string
	auth Auth
	tpm  transport.TPM
}

// hierarchy returns the password authorization of the owner or the endorsement hierarchy,
// empty if no password is known.
func (c *chip) hierarchy(handle tpm2.TPMHandle) tpm2.AuthHandle {
	password := c.auth.Owner
	if handle == tpm2.TPMRHEndorsement {
		password = c.auth.Endorsement
	}
	return tpm2.AuthHandle{Handle: handle, Auth: tpm2.PasswordAuth([]byte(password.Reveal()))}
}

// Send implements transport.TPM.
func (c *chip) Send(command []byte) ([]byte, error) {
	if err := c.ctx.Err(); err != nil {
		return nil, err
	}
	return c.tpm.Send(command)
}

// flush unloads an object or a session, even if ctx has ended. Nothing can be done about an
// error: a resource manager unloads the object when the device is closed.
func (c *chip) flush(handle tpm2.TPMHandle) {
	_, _ = tpm2.FlushContext{FlushHandle: handle}.Execute(c.tpm)
}

// exists reports whether there is a key at a persistent handle.
func (c *chip) exists(handle tpm2.TPMHandle) (bool, error) {
	_, err := tpm2.ReadPublic{ObjectHandle: handle}.Execute(c)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, tpm2.TPMRCHandle):
		return false, nil
	}
	return false, c.failed("read a persistent key", err)
}

// Bits of TPM_PT_PERMANENT (TPMA_PERMANENT, TPM 2.0 Library part 2).
const (
	ownerAuthSet       = 1 << 0
	endorsementAuthSet = 1 << 1
	inLockout          = 1 << 9
)

// family20 is TPM_PT_FAMILY_INDICATOR of a TPM 2.0: "2.0" and a NUL.
const family20 = 0x322e3000

// defaultInputBuffer is the minimum input size of every TPM 2.0.
const defaultInputBuffer = 1024

// describe fills in the facts from the TPM's properties and returns the size of its input
// buffer in bytes.
func (c *chip) describe(facts *Facts) (inputBuffer int, err error) {
	fixed, err := c.properties(tpm2.TPMPTFamilyIndicator)
	if err != nil {
		return 0, err
	}
	if family := fixed[tpm2.TPMPTFamilyIndicator]; family != family20 {
		return 0, &Error{Kind: NoAnswer, Step: "read the properties", Path: c.path, Text: fmt.Sprintf("its family is %q, not 2.0", propertyText(family))}
	}
	variable, err := c.properties(tpm2.TPMPTPermanent)
	if err != nil {
		return 0, err
	}
	facts.Manufacturer = propertyText(fixed[tpm2.TPMPTManufacturer])
	facts.Model = propertyText(fixed[tpm2.TPMPTVendorString1], fixed[tpm2.TPMPTVendorString2], fixed[tpm2.TPMPTVendorString3], fixed[tpm2.TPMPTVendorString4])
	v1, v2 := fixed[tpm2.TPMPTFirmwareVersion1], fixed[tpm2.TPMPTFirmwareVersion2]
	facts.Firmware = fmt.Sprintf("%d.%d.%d.%d", v1>>16, v1&0xffff, v2>>16, v2&0xffff)
	permanent := variable[tpm2.TPMPTPermanent]
	facts.OwnerAuth = permanent&ownerAuthSet != 0
	facts.EndorsementAuth = permanent&endorsementAuthSet != 0
	facts.LockedOut = permanent&inLockout != 0
	if size := fixed[tpm2.TPMPTInputBuffer]; size != 0 {
		return int(size), nil
	}
	return defaultInputBuffer, nil
}

// properties reads the TPM's properties beginning with first, as many as it returns at
// once: at least the rest of the group of first.
func (c *chip) properties(first tpm2.TPMPT) (map[tpm2.TPMPT]uint32, error) {
	const count = 64
	rsp, err := tpm2.GetCapability{Capability: tpm2.TPMCapTPMProperties, Property: uint32(first), PropertyCount: count}.Execute(c)
	if err != nil {
		return nil, c.failed("read the properties", err)
	}
	list, err := rsp.CapabilityData.Data.TPMProperties()
	if err != nil {
		return nil, c.failed("read the properties", err)
	}
	values := map[tpm2.TPMPT]uint32{}
	for _, p := range list.TPMProperty {
		values[p.Property] = p.Value
	}
	return values, nil
}

// propertyText decodes properties that contain text, four characters each. It keeps only
// printable ASCII.
func propertyText(values ...uint32) string {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	printable := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, string(b))
	return strings.Join(strings.Fields(printable), " ")
}

// failed returns err classified by the step that failed; nil stays nil.
func (c *chip) failed(step string, err error) error {
	switch {
	case err == nil:
		return nil
	case c.ctx.Err() != nil:
		return fmt.Errorf("%s: %w", step, c.ctx.Err())
	}
	return classify(c.path, step, err)
}
