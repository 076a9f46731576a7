package amqp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dpsdiag/internal/amqp"
)

// messages are messages and their payloads.
func messages() []struct {
	name    string
	message amqp.Message
	bytes   string
} {
	return []struct {
		name    string
		message amqp.Message
		bytes   string
	}{
		{"nothing", amqp.Message{}, ""},
		{"data", amqp.Message{Data: [][]byte{[]byte("{}")}}, "005375 a0027b7d"},
		{"two data sections", amqp.Message{Data: [][]byte{{}, {1}}}, "005375 a000 005375 a00101"},
		{"value", amqp.Message{Value: "", HasValue: true}, "005377 a100"},
		{"value of null", amqp.Message{HasValue: true}, "005377 40"},
		{"sequences", amqp.Message{Sequence: [][]any{{true}, {}}}, "005376 c0020141 005376 45"},
		{
			"register as the Node SDK sends it",
			amqp.Message{
				Properties:            &amqp.Properties{CorrelationID: "id"},
				ApplicationProperties: amqp.Map{{Key: "iotdps-operation-type", Value: "iotdps-register"}, {Key: "f", Value: false}},
				Data:                  [][]byte{[]byte("{}")},
			},
			"005373 c00a06 4040404040 a1026964" +
				"005374 c12d04 a115696f746470732d6f7065726174696f6e2d74797065 a10f696f746470732d7265676973746572 a10166 42" +
				"005375 a0027b7d",
		},
		{
			"every section",
			amqp.Message{
				Header: &amqp.Header{
					Durable: true, Priority: new(uint8(4)), TTL: new(uint32(0)), FirstAcquirer: true, DeliveryCount: 1,
				},
				DeliveryAnnotations: amqp.Map{},
				Annotations:         amqp.Map{{Key: amqp.Symbol("a"), Value: nil}},
				Properties: &amqp.Properties{
					MessageID: uint64(1), UserID: []byte{2}, To: "t", Subject: "s", ReplyTo: "r", CorrelationID: amqp.UUID{15: 3},
					ContentType: "c", ContentEncoding: "e", AbsoluteExpiryTime: new(time.UnixMilli(4).UTC()),
					CreationTime: new(time.UnixMilli(0).UTC()), GroupID: "g", GroupSequence: new(uint32(5)), ReplyToGroupID: "h",
				},
				ApplicationProperties: amqp.Map{},
				Value:                 uint32(6), HasValue: true,
				Footer: amqp.Map{},
			},
			"005370 c00805 41 5004 43 41 5201" +
				"005371 c10100 005372 c10502 a30161 40" +
				"005373 c0400d 5301 a00102 a10174 a10173 a10172 9800000000000000000000000000000003 a30163 a30165" +
				"83 0000000000000004 83 0000000000000000 a10167 5205 a10168" +
				"005374 c10100 005377 5206 005378 c10100",
		},
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	for _, test := range messages() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			wire := unhex(t, test.bytes)
			got, err := test.message.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wire, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("encoded (-want +got):\n%s", diff)
			}
			message, err := amqp.Limits{}.DecodeMessage(wire)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.message, message); diff != "" {
				t.Errorf("decoded (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeMessageOtherForms(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, bytes string
		want        amqp.Message
	}{
		{
			"correlation-id of binary", "005373 c00906 4040404040 a00107",
			amqp.Message{Properties: &amqp.Properties{CorrelationID: []byte{7}}},
		},
		{"symbolic descriptor", "00a310 616d71703a646174613a62696e617279 a000", amqp.Message{Data: [][]byte{{}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := amqp.Limits{}.DecodeMessage(unhex(t, test.bytes))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeMessageRejects(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, bytes, reason string }{
		{"no section", "40", "where a message section"},
		{"performative", "005317 45", "unknown message section"},
		{"unknown section", "005379 45", "unknown message section"},
		{"header twice", "005370 45 005370 45", "amqp:header:list after amqp:header:list"},
		{"properties after data", "005375 a000 005373 45", "amqp:properties:list after amqp:data:binary"},
		{"value twice", "005377 40 005377 40", "amqp:amqp-value:* after amqp:amqp-value:*"},
		{"value after data", "005375 a000 005377 40", "amqp:amqp-value:* after amqp:data:binary"},
		{"sequence after data", "005375 a000 005376 45", "amqp:amqp-sequence:list after amqp:data:binary"},
		{"section after the footer", "005378 c10100 005375 a000", "after amqp:footer:map"},
		{"data that is a string", "005375 a100", "amqp:data:binary holds string"},
		{"sequence that is a map", "005376 c10100", "amqp:amqp-sequence:list holds amqp.Map"},
		{"properties that are a map", "005373 c10100", "is not a list"},
		{"application properties that are null", "005374 40", "amqp:application-properties:map holds <nil>"},
		{"correlation-id of int", "005373 c00806 4040404040 5401", "field 6: int32 where a message id"},
		{"header field of another type", "005370 c00201 43", "uint32 where bool"},
		{"cut in a section", "005375 a005", "5 bytes announced, 0 left"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			message, err := amqp.Limits{}.DecodeMessage(unhex(t, test.bytes))
			wantCondition(t, err, amqp.ConditionDecode)
			if !strings.Contains(err.Error(), test.reason) {
				t.Errorf("error %q does not say %q", err, test.reason)
			}
			if message != nil {
				t.Errorf("message %v with the error", message)
			}
		})
	}
}

func TestMessageSizeLimit(t *testing.T) {
	t.Parallel()
	payload := unhex(t, "005375 a0027b7d")
	if _, err := (amqp.Limits{Message: len(payload)}).DecodeMessage(payload); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	_, err := amqp.Limits{Message: len(payload) - 1}.DecodeMessage(payload)
	wantCondition(t, err, amqp.ConditionMessageSize)
}

func TestEncodeMessageRejects(t *testing.T) {
	t.Parallel()
	for name, message := range map[string]amqp.Message{
		"data and value":      {Data: [][]byte{{}}, HasValue: true},
		"data and sequence":   {Data: [][]byte{{}}, Sequence: [][]any{{}}},
		"value of no type":    {Value: 1, HasValue: true},
		"id of no type":       {Properties: &amqp.Properties{MessageID: 1}},
		"property of no type": {ApplicationProperties: amqp.Map{{Key: "k", Value: 1}}},
	} {
		if got, err := message.Encode(); err == nil || got != nil {
			t.Errorf("%s: got %x, %v; want an error alone", name, got, err)
		}
	}
}

// FuzzDecodeMessage: a decoded message can be encoded, and decodes to the same message
// again; an error has no message.
func FuzzDecodeMessage(f *testing.F) {
	for _, test := range messages() {
		f.Add(unhex(f, test.bytes))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		message, err := amqp.Limits{}.DecodeMessage(payload)
		if err != nil {
			if message != nil {
				t.Fatalf("message %v with error %v", message, err)
			}
			return
		}
		encoded, err := message.Encode()
		if err != nil {
			t.Fatalf("%#v does not encode: %v", message, err)
		}
		again, err := amqp.Limits{}.DecodeMessage(encoded)
		if err != nil {
			t.Fatalf("%x does not decode: %v", encoded, err)
		}
		if diff := cmp.Diff(message, again, cmpopts.EquateNaNs()); diff != "" {
			t.Fatalf("not the same again:\n%s", diff)
		}
	})
}
