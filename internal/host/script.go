package host

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What goes to the other side as the command line is short and harmless: every login shell reads it alike, logs and process lists show
// nothing of the command, and no limit of one argument's length counts. It makes a plain sh read the rest from its standard input, as many
// bytes as it is long: dd takes them one by one, so that not one of the command's own input is lost. As the rest stands in braces, sh
// does nothing at all if only a part of it arrives.

// commandLine makes the other side's sh greet, read the script and follow it.
func (l *link) commandLine(script string) string {
	line := fmt.Sprintf(`/bin/sh -c 'echo %s >&2; eval "$(dd bs=1 count=%d 2>/dev/null)"'`, l.ready(), len(script))
	switch {
	case !l.sudo:
		return line
	case l.secret == "":
		return "sudo -n -- " + line
	}
	return fmt.Sprintf("sudo -S -p '%s\n' -- %s", l.prompt(), line)
}

// What the other side says on stderr before the command has its say.
func (l *link) prompt() string { return l.token + "-password" } // sudo wants its password
func (l *link) ready() string  { return l.token + "-ready" }    // sh waits for the script
func (l *link) begin() string  { return l.token + "-begin" }    // the command follows; behind it stands its process group

// frame makes a script of its last steps: it tells its process group, by which the command can be ended, and separates on both outputs
// what the login shell may have printed from what the command does.
func (l *link) frame(steps string) string {
	return fmt.Sprintf("{\nread -r _ _ _ _ group _ </proc/self/stat\necho %s $group >&2\necho %[1]s\n%s\n}\n", l.begin(), steps)
}

// script runs a command.
func script(c Command) string {
	var b strings.Builder
	b.WriteString("cd / || exit 126\nexport LC_ALL=C")
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		fmt.Fprintf(&b, " %s=%s", name, quote(c.Env[name]))
	}
	b.WriteString("\nexec")
	for _, word := range c.Words {
		b.WriteString(" " + quote(word))
	}
	return b.String()
}

// fileServer runs the server of SFTP: not as the subsystem that sshd offers, which could not become root and might make files that
// everybody can read. The places are those of Debian, Red Hat, SUSE and Alpine.
const fileServer = `umask 077
for server in /usr/lib/openssh /usr/libexec/openssh /usr/lib/ssh /usr/libexec/ssh; do
	[ -x "$server/sftp-server" ] && exec "$server/sftp-server" -e
done
echo 'there is no sftp-server; install openssh-sftp-server' >&2
exit 127`

// ending asks a process group to end, and makes it after five seconds.
func ending(group string) string {
	return fmt.Sprintf(`left=50
kill -s TERM -- -%s
while [ $left -gt 0 ] && kill -s 0 -- -%[1]s; do
	left=$((left - 1))
	sleep 0.1
done
kill -s KILL -- -%[1]s
exit 0`, group)
}
