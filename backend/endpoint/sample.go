package endpoint

// Sample values that reveal missing quotes and escapes.
const (
	SamplePhone  = "+4930123456"
	SampleValue  = "a\"b\\c/d e&f=g?h#i%j\r\nü"
	SampleAnswer = "20011231"
)
