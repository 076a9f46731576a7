package logtext

import "bytes"

// unifiedMessage returns the message of a line in the log format of the unified SDK for C
// (Azure/azure-iot-sdk c/docs/logging.md), without what stands before every message:
//
//	2026-10-03T18:16:17.408Z [INFO ] [connection] [t:10294] connection_client.c:3756: open: ...
//
// It is false for any other line.
func unifiedMessage(line []byte) (message []byte, ok bool) {
	rest, ok := skipISOTime(line)
	if !ok {
		return nil, false
	}
	var word, thread []byte
	for _, part := range [...]*[]byte{&word, nil, &thread} {
		inside, found := bytes.CutPrefix(rest, []byte("["))
		if !found {
			return nil, false
		}
		inside, rest, found = bytes.Cut(inside, []byte("] "))
		if !found {
			return nil, false
		}
		if part != nil {
			*part = bytes.TrimSpace(inside)
		}
	}
	if levelOfWord(word) == levelNone || !bytes.HasPrefix(thread, []byte("t:")) {
		return nil, false
	}
	place, message, found := bytes.Cut(rest, []byte(": "))
	if file, number, numbered := bytes.Cut(place, []byte(":")); !found || !numbered || !isNumber(number) || !bytes.HasSuffix(file, []byte(".c")) {
		return nil, false
	}
	return message, true
}

func isNumber(text []byte) bool {
	for _, b := range text {
		if !isDigit(b) {
			return false
		}
	}
	return len(text) > 0
}

// readable returns the part of a line that is read word by word, nil for none. A line of the unified SDK
// for C that only reports a step has none: such lines are in the log of every attempt, and name the
// settings of the client.
func (r *pass) readable(line []byte) []byte {
	message, ok := unifiedMessage(line)
	switch {
	case !ok:
		return line
	case levelOf(line) == levelQuiet && !r.failing:
		return nil
	}
	return message
}
