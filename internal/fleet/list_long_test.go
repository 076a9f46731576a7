package fleet

import (
	"errors"
	"io"
	"testing"
)

// repeated is a text that repeats a character after a beginning.
type repeated struct {
	head string
	c    byte
	left int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.head != "" {
		n := copy(p, r.head)
		r.head = r.head[n:]
		return n, nil
	}
	n := min(len(p), r.left)
	if n == 0 {
		return 0, io.EOF
	}
	for i := range p[:n] {
		p[i] = r.c
	}
	r.left -= n
	return n, nil
}

// A line without an end, as in a file that is not a list, is not read into memory.
func TestLongLines(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]int{
		"":                                 1,
		`{"registration_id":"`:             1,
		"registration_id,key\na,":          2,
		"registration_id,key\na,b\nc,\"":   3,
		"{\"registration_id\":\"a\"}\n\n{": 3,
	} {
		text := &repeated{head, 'x', 200 << 20}
		_, err := ReadList(text)
		if long, ok := errors.AsType[*LongLineError](err); !ok || long.Line != want || text.left < 190<<20 {
			t.Errorf("%q: %v, %d bytes left; want line %d", head, err, text.left, want)
		}
	}
	if list, err := ReadList(&repeated{"registration_id,key\na,", 'x', 1<<20 - 10}); err != nil || len(list.Devices) != 1 {
		t.Errorf("a line of nearly 1 MiB: %v", err)
	}
}
