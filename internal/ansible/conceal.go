package ansible

import (
	"context"
	"strings"
	"sync"
)

type concealKey struct{}

// Conceal makes the values secrets of this run: from now on they are censored in progress and result wherever they appear, as
// the values of secret options are. Outside of a run it does nothing.
func Conceal(ctx context.Context, values ...string) {
	if secrets, ok := ctx.Value(concealKey{}).(*concealed); ok {
		secrets.add(values...)
	}
}

// concealed are the secrets of a run, whatever they came from.
type concealed struct {
	mutex  sync.Mutex
	values []string
}

// minLine is the length from which on a line of a secret of several lines is a secret of its own.
const minLine = 16

// add takes a secret in the forms in which it could be printed: as it is, as part of a JSON text, and for a key of several lines
// each line.
func (c *concealed) add(values ...string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, value := range values {
		if value == "" {
			continue
		}
		c.values = append(c.values, value)
		quoted := FormatJSON(value)
		if quoted = quoted[1 : len(quoted)-1]; quoted != value {
			c.values = append(c.values, quoted)
		}
		if lines := strings.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == '\r' }); len(lines) > 1 {
			for _, line := range lines {
				if line = strings.TrimSpace(line); len(line) >= minLine {
					c.values = append(c.values, line)
				}
			}
		}
	}
}

func (c *concealed) censor() censor {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return newCensor(c.values)
}
