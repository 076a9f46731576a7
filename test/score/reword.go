package main

import (
	"regexp"
	"strings"
)

// reword replaces ordinary words of a text by others with the same meaning, while names that programs
// use (with capitals inside, digits or underscores) stay.
func reword(text string) string {
	return ordinary.ReplaceAllStringFunc(text, func(word string) string {
		other, known := synonyms[strings.ToLower(word)]
		switch {
		case !known:
			return word
		case word[0] >= 'A' && word[0] <= 'Z':
			return strings.ToUpper(other[:1]) + other[1:]
		}
		return other
	})
}

var ordinary = regexp.MustCompile(`\b[A-Za-z]?[a-z]+\b`)

var synonyms = map[string]string{ //nolint:gochecknoglobals // a table that is never changed
	"failed": "did not succeed", "failure": "breakdown", "fail": "break down", "error": "problem", "errors": "problems", "cannot": "is unable to", "could": "was able to",
	"unable": "not able", "invalid": "wrong", "missing": "absent", "unexpected": "surprising", "unknown": "unrecognised", "refused": "turned down", "rejected": "declined",
	"denied": "withheld", "connection": "link", "connect": "link up", "connecting": "linking up", "connected": "linked up", "closed": "shut", "lost": "gone", "reset": "cut off",
	"timeout": "time limit reached", "retry": "try again", "retrying": "trying again", "request": "call", "requested": "asked for", "response": "reply", "received": "got", "receive": "get",
	"send": "transmit", "sending": "transmitting", "sent": "transmitted", "message": "note", "found": "located", "find": "locate", "read": "load", "reading": "loading", "write": "store",
	"open": "start", "opening": "starting", "create": "make", "creating": "making", "created": "made", "start": "begin", "starting": "beginning", "started": "begun", "stopped": "halted",
	"value": "content", "valid": "acceptable", "wrong": "incorrect", "expired": "ran out", "check": "verify", "verify": "check", "verification": "checking", "required": "needed",
	"supported": "possible", "allowed": "permitted", "exceeded": "surpassed", "empty": "blank", "null": "nil", "file": "document", "directory": "folder", "user": "account", "server": "peer",
	"remote": "far", "local": "own", "because": "since", "please": "kindly", "ensure": "make sure", "current": "present", "available": "at hand", "parse": "decode", "parsing": "decoding",
	"load": "read in", "loading": "reading in", "initialize": "set up", "initialization": "set-up", "operation": "action", "reason": "ground", "occurred": "happened", "during": "while in",
	"does": "do", "exist": "be there", "exists": "is there", "while": "when", "trying": "attempting", "result": "outcome", "returned": "gave", "returns": "gives", "attempt": "try",
}
