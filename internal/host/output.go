package host

import "fmt"

// head keeps the beginning of what is written to it.
type head struct {
	kept []byte
	more bool
}

func (h *head) Write(p []byte) (int, error) {
	room := min(len(p), MaxOutput-len(h.kept))
	h.kept = append(h.kept, p[:room]...)
	h.more = h.more || room < len(p)
	return len(p), nil
}

// problem is nil unless something was left out.
func (h *head) problem(words []string) error {
	if !h.more {
		return nil
	}
	return fmt.Errorf("run %s: it prints more than the %d MiB wanted of it", Quote(words), MaxOutput>>20)
}

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if len(t.kept) > 2*MaxStderr {
		t.kept = append([]byte{}, t.kept[len(t.kept)-MaxStderr:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.kept[max(0, len(t.kept)-MaxStderr):]) }
