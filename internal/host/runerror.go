package host

import (
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// RunError tells that a command ended with another exit code than 0. Its text is the command as one could paste it into a shell, the
// exit code, and the last lines of stderr in one.
type RunError struct {
	Host   string // its name or address; not in the text, which is said of that host
	Words  []string
	Code   int    // 128 and the signal's number if a signal ended it, 127 if there is no such program
	Stderr string // the last MaxStderr bytes
}

func (e *RunError) Error() string {
	text := fmt.Sprintf("run %s: exit code %d", Quote(e.Words), e.Code)
	if signal := unix.SignalName(syscall.Signal(e.Code - 128)); e.Code > 128 && signal != "" {
		text += " (" + signal + ")"
	}
	if said := lastLines(e.Stderr, 3); said != "" {
		text += ": " + said
	}
	return text
}

// lastLines are the last lines that are not blank, in one.
func lastLines(text string, count int) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-count):], " | ")
}

// first is the first of errors, as people read one line: what failed after it mostly failed for it.
func first(failures ...error) error {
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}
