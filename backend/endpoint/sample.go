package endpoint

// Sample values show a value that is not between quotes, or not escaped.
const (
	SamplePhone  = "+4930123456"
	SampleValue  = "a\"b\\c/d e&f=g?h#i%j\r\nü"
	SampleAnswer = "20011231"
)
