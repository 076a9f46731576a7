// Package amqp is a codec of AMQP 1.0, as far as the Device Provisioning Service uses it. The
// probe uses it for its SASL exchange and the emulator for everything.
//
// A peer starts with [ReadProtocol] and [WriteProtocol], authenticates with [ClientSASL] or
// [ServerSASL], and then exchanges frames with [Limits.ReadFrame] and [WriteFrame].
// [WriteTransfer] and [Assembly] split messages into transfer frames and join them again;
// [Limits.DecodeMessage] and [Message.Encode] turn a payload into a message and back.
//
// # Values
//
// A decoded value is one of the Go types below, and [Append] writes the same types, always
// in the shortest form:
//
//	null, boolean        nil, bool
//	ubyte ... ulong      uint8, uint16, uint32, uint64
//	byte ... long        int8, int16, int32, int64
//	float, double        float32, float64
//	decimal32 ... 128    Decimal32, Decimal64, Decimal128
//	char, timestamp      Char, time.Time
//	uuid, binary         UUID, []byte
//	string, symbol       string, Symbol
//	list, map, array     []any, Map, Array
//	described type       Described, or a Composite when writing
//
// # Limits
//
// Bytes from a peer are decoded under [Limits], whose zero value is ready to use. Memory is
// allocated in proportion to the bytes received, never to a length that they announce.
//
// The standard is "OASIS AMQP Version 1.0" (docs.oasis-open.org/amqp/core/v1.0); comments
// cite it by part and section.
package amqp
