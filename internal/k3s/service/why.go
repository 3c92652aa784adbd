package service

import (
	"regexp"
	"strconv"
	"strings"
)

// cause is a reason for which k3s does not start, known by a part of its line.
type cause struct {
	part string
	next string // what to do about it
	wait bool   // it may pass without anybody doing anything
	told bool   // it lasts though k3s goes on trying, and does not end with it
}

// causes are known from k3s 1.30 to 1.36; the first that fits counts. Their words differ between minors, so only parts are compared.
var causes = []cause{
	{part: "401 Unauthorized", next: "the token is not that of the cluster; take it from server/token of a server", told: true},
	{part: "token CA hash does not match", next: "the token is of another cluster; take it from server/token of a server of this one", told: true},
	{part: "invalid token format", next: "take the token from server/token of a server"},
	{part: "failed to normalize", next: "a server needs the token of the servers, not one of k3s token create"},
	{part: "K3S_TOKEN is required to join", next: "give token"},
	{part: "critical configuration", next: "give all servers the same values of it"},
	{part: "bootstrap data already found and encrypted with different token", next: "the cluster was made with another token; give that, and change it by rotation only"},
	{part: "duplicate node name found", next: "the cluster has a member of this name with another address; remove that node from the cluster first"},
	{part: "Node password rejected", next: "the cluster knows a node of this name that is another machine, or was this one before it was installed anew; remove that node from the cluster first", told: true},
	{part: "if this node was removed from the cluster", next: "if it is to come back, run state absent and then present"},
	{part: "cluster-reset was successfully performed", next: "start it without cluster-reset in its settings"},
	{part: "flag provided but not defined", next: "this release does not know that setting"},
	{part: "yaml: ", next: "correct the file that it names"},
	{part: "etcd-snapshot-dir", next: "the folder of the snapshots must exist"},
	{part: "permission denied", next: "look at the owner and the mode, and at SELinux"},
	{part: "address already in use", next: "end what listens there"},
	{part: "too many learner members", next: "another server joins; this one is next", wait: true},
	{part: "unhealthy cluster", next: "a member of etcd is down or left behind; start it, or remove it from the cluster", wait: true},
	{part: "connection refused", next: "is k3s running on the server that it joins?", wait: true},
	{part: "no route to host", next: "is the server up that it joins?", wait: true},
	{part: "i/o timeout", next: "is the server up that it joins, and may this host reach its ports 6443, 2379 and 2380?", wait: true},
	{part: "context deadline exceeded", next: "are the other servers up, and may this host reach their ports 2379 and 2380?", wait: true},
	{part: "x509: ", next: "the clocks of the hosts may differ, or the certificate lacks that name (tls_san)", wait: true},
}

// Reason is why k3s does not get ready.
type Reason struct {
	Said string // k3s' own words; empty if it has said nothing
	Next string // what to do; may be empty
	Ends bool   // time does not mend it, and k3s has ended with it
	Told bool   // time does not mend it, but k3s goes on trying
	When string // k3s has said it last, as its log has the time; it may be empty where k3s has ended with it
}

func (r Reason) String() string {
	if r.Next == "" {
		return r.Said
	}
	return r.Said + "; " + r.Next
}

// enough is how often k3s must have ended with the same words before it is believed that it will again, where the words are not known.
const enough = 3

var (
	level   = regexp.MustCompile(`level=(fatal|error|warning|info)`)
	message = regexp.MustCompile(`msg=("(?:[^"\\]|\\.)*"|\S+)`)
)

// Why finds in what k3s has said why it does not get ready: its last fatal line, else the last line that tells a known cause, else its
// last line. The lines of etcd and Kubernetes are theirs, and not looked at.
func Why(lines []string) Reason {
	var fatal, known, last, when string
	again := map[string]int{}
	for _, line := range lines {
		if !strings.HasPrefix(line, "time=") {
			continue
		}
		said := sayingOf(line)
		if found := level.FindStringSubmatch(line); found != nil && found[1] == "fatal" {
			fatal = said
			again[said]++
		} else if knownCause(said) != nil {
			known = said
			when, _, _ = strings.Cut(line, " ")
		}
		last = said
	}
	said := first(fatal, known, last)
	reason := Reason{Said: said}
	if cause := knownCause(said); cause != nil {
		reason.Next, reason.Ends, reason.Told, reason.When = cause.next, !cause.wait && fatal != "", cause.told, when
	} else {
		reason.Ends = again[fatal] >= enough
	}
	return reason
}

func sayingOf(line string) string {
	found := message.FindStringSubmatch(line)
	if found == nil {
		return line
	}
	text := found[1]
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	return strings.TrimPrefix(strings.Join(strings.Fields(text), " "), "Error: ")
}

func knownCause(said string) *cause {
	for i := range causes {
		if said != "" && strings.Contains(said, causes[i].part) {
			return &causes[i]
		}
	}
	return nil
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
