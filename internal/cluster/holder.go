package cluster

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Self names this process as the holder of a Lease, so that another on this machine can tell whether it still lives.
func Self() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s process %d %s %s", host, os.Getpid(), started(os.Getpid()), machine())
}

// dead tells that a holder was a process of this machine that has ended. Of other machines nothing is known.
func dead(holder string) bool {
	words := strings.Fields(holder)
	if len(words) != 5 || words[1] != "process" || words[4] != machine() || words[4] == "unknown" {
		return false
	}
	pid, err := strconv.Atoi(words[2])
	return err == nil && started(pid) != words[3]
}

// machine is this boot of this machine and its view of processes: numbers of processes mean the same only within one.
func machine() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "unknown"
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(boot)) + strings.Trim(strings.TrimPrefix(space, "pid:"), "[]")
}

// started is when a process started, in the kernel's own clock ticks (proc(5), field 22 of stat), or "no" if there is none or a dead one
// that nobody waited for.
func started(pid int) string {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "no"
	}
	_, rest, _ := strings.Cut(string(content), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return "no"
	}
	return fields[19]
}
