package gcloud

import (
	"slices"
	"strings"
)

// ini is a file in the form of Python's configparser, which is what gcloud reads. Lines that are not set or removed here stay
// as they are, comments and order included.
type ini struct{ lines []string }

func parseINI(content string) *ini {
	if content == "" {
		return &ini{}
	}
	return &ini{lines: strings.Split(strings.TrimSuffix(content, "\n"), "\n")}
}

func (f *ini) String() string {
	if len(f.lines) == 0 {
		return ""
	}
	return strings.Join(f.lines, "\n") + "\n"
}

// get is the value of a key, or empty.
func (f *ini) get(section, key string) string {
	at, _ := f.find(section, key)
	if at < 0 {
		return ""
	}
	_, value, _ := keyValue(f.lines[at])
	return value
}

// set gives a key a value; an empty one removes the key.
func (f *ini) set(section, key, value string) {
	at, end := f.find(section, key)
	switch line := key + " = " + value; {
	case value == f.get(section, key):
	case value == "":
		f.lines = slices.Delete(f.lines, at, end)
	case at >= 0:
		f.lines = slices.Replace(f.lines, at, end, line)
	default:
		f.add(section, line)
	}
}

// add puts a line at the end of a section, before the empty lines that part it from the next, or makes the section.
func (f *ini) add(section, line string) {
	_, end := f.section(section)
	if end < 0 {
		if len(f.lines) > 0 && strings.TrimSpace(f.lines[len(f.lines)-1]) != "" {
			f.lines = append(f.lines, "")
		}
		f.lines = append(f.lines, "["+section+"]", line)
		return
	}
	for strings.TrimSpace(f.lines[end-1]) == "" {
		end--
	}
	f.lines = slices.Insert(f.lines, end, line)
}

// section is the range of a section's lines without its heading, or -1, -1.
func (f *ini) section(name string) (begin, end int) {
	begin = slices.IndexFunc(f.lines, func(line string) bool { return strings.TrimSpace(line) == "["+name+"]" })
	if begin < 0 {
		return -1, -1
	}
	for end = begin + 1; end < len(f.lines) && !strings.HasPrefix(f.lines[end], "["); end++ {
	}
	return begin + 1, end
}

// find is the range of a key's lines, more than one if its value goes on on indented ones, or -1, -1.
func (f *ini) find(section, key string) (begin, end int) {
	first, last := f.section(section)
	for i := first; i >= 0 && i < last; i++ {
		if name, _, ok := keyValue(f.lines[i]); !ok || name != key {
			continue
		}
		for end = i + 1; end < last && indented(f.lines[end]); end++ {
		}
		return i, end
	}
	return -1, -1
}

func indented(line string) bool {
	return strings.TrimSpace(line) != "" && (line[0] == ' ' || line[0] == '\t')
}

func keyValue(line string) (key, value string, ok bool) {
	if line == "" || strings.ContainsAny(line[:1], "#; \t[") {
		return "", "", false
	}
	at := strings.IndexAny(line, "=:")
	if at < 0 {
		return "", "", false
	}
	return strings.ToLower(strings.TrimSpace(line[:at])), strings.TrimSpace(line[at+1:]), true
}
