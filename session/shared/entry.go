package shared

// Entry is a value of a bucket as it is passed on to whoever follows it. With Err it cannot be read.
type Entry struct {
	Key   string
	Value []byte
	Err   error
}
