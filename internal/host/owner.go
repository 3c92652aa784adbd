package host

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// lookUp gives the numbers of an owner as Write takes it, as the host knows them; -1 for what is not named.
func lookUp(ctx context.Context, h Host, owner string) (uid, gid int, err error) {
	user, group, _ := strings.Cut(owner, ":")
	if uid, err = number(user, func() (string, error) { return ask(ctx, h, "id", "-u", "--", user) }); err != nil {
		return 0, 0, fmt.Errorf("look up user %s: %w; create it first", user, err)
	}
	gid, err = number(group, func() (string, error) {
		entry, err := ask(ctx, h, "getent", "group", group)
		fields := strings.Split(entry, ":")
		if err != nil || len(fields) < 3 {
			return entry, err
		}
		return fields[2], nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("look up group %s: %w; create it first", group, err)
	}
	return uid, gid, nil
}

func number(name string, ask func() (string, error)) (int, error) {
	switch name {
	case "":
		return -1, nil
	case "root":
		return 0, nil
	}
	if n, err := strconv.Atoi(name); err == nil {
		return n, nil
	}
	text, err := ask()
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

func ask(ctx context.Context, h Host, words ...string) (string, error) {
	out, err := h.Run(ctx, Words(words...))
	return strings.TrimSpace(out.Stdout), err
}
