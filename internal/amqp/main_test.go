package amqp_test

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dpsdiag/internal/amqp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hang is a time limit for operations that should take almost no time.
const hang = 30 * time.Second

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hang)
	t.Cleanup(cancel)
	return ctx
}

// unhex decodes hexadecimal digits with spaces between them.
func unhex(t testing.TB, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// wantCondition checks that err is a DecodeError with a condition.
func wantCondition(t testing.TB, err error, want amqp.Symbol) {
	t.Helper()
	var decode *amqp.DecodeError
	if !errors.As(err, &decode) {
		t.Fatalf("got error %v, want a DecodeError", err)
	}
	if decode.Condition != want {
		t.Fatalf("got condition %s (%s), want %s", decode.Condition, decode.Reason, want)
	}
}
