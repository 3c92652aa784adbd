package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// List is of Store.
func (g *guard) List(ctx context.Context, prefix string) ([]Info, error) {
	var listed atomic.Pointer[[]Info] // by the last attempt that ended
	err := g.again(ctx, "list "+prefix+"*", simply(func(ctx context.Context) error {
		var found []Info
		defer func() { listed.Store(&found) }()
		seen := map[string]bool{}
		err := g.list(ctx, prefix, func(info Info) {
			if strings.HasPrefix(info.Name, prefix) && wellFormed(info.Name) && !seen[info.Name] {
				seen[info.Name] = true
				found = append(found, info)
			}
		})
		if err == nil {
			err = g.missed(ctx, prefix, seen)
		}
		return err
	}))
	var found []Info
	if last := listed.Load(); last != nil {
		found = slices.Clone(*last)
	}
	slices.SortFunc(found, func(a, b Info) int { return cmp.Compare(a.Name, b.Name) })
	return found, g.part(err, len(found))
}

// missed finds out whether the list lacks what was put before: then it is of an earlier time, or not all.
func (g *guard) missed(ctx context.Context, prefix string, seen map[string]bool) error {
	for _, name := range g.expected(prefix) {
		if seen[name] {
			continue
		}
		_, err := g.stat(ctx, name)
		if err == nil {
			return halfList("%s was put and is not listed", name)
		}
		if !errors.Is(explained(g, err), fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (g *guard) expected(prefix string) []string {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	var names []string
	for name := range g.written {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names
}

// part makes clear that a list that failed on its way is not all there is.
func (g *guard) part(err error, found int) error {
	var e *Error
	if errors.As(err, &e) && found > 0 {
		e.Why = fmt.Sprintf("only part of it is known (%d names): %s", found, e.Why)
		e.kind = errors.Join(ErrPartial, e.kind)
	}
	return err
}

// halfList is a list that says of itself that it is not whole.
func halfList(format string, args ...any) *problem {
	return &problem{why: fmt.Sprintf(format, args...), next: "look at the store's health; delete nothing", kind: ErrPartial, temporary: true}
}

func quoted(name string) string { return strconv.Quote(name) }
