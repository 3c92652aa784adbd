package registry

import "strings"

// Mirrors says what stands in the place of a registry, or of a part of it: prefixes of addresses without a scheme.
type Mirrors map[string]string

// Of puts a mirror in the place of the longest prefix that has one.
func (m Mirrors) Of(address string) string {
	best := ""
	for prefix := range m {
		if len(prefix) > len(best) && (address == prefix || strings.HasPrefix(address, strings.TrimSuffix(prefix, "/")+"/")) {
			best = prefix
		}
	}
	if best == "" {
		return address
	}
	return strings.TrimSuffix(m[best], "/") + strings.TrimPrefix(address, strings.TrimSuffix(best, "/"))
}

// OfImage does the same with an image, whose name may leave out what Docker adds to it: docker.io and library.
func (m Mirrors) OfImage(image string) string {
	if mirrored := m.Of(whole(image)); mirrored != whole(image) {
		return mirrored
	}
	return image
}

// whole is the image's name with its registry: the first element is one if it has a dot or a port, or is localhost.
func whole(image string) string {
	first, _, isPath := strings.Cut(image, "/")
	switch {
	case !isPath:
		return "docker.io/library/" + image
	case !strings.ContainsAny(first, ".:") && first != "localhost":
		return "docker.io/" + image
	}
	return image
}
