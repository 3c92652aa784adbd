package etcdbackup

// Open is for tests of what somebody put in a content's place.
var Open = open
