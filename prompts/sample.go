package prompts

import (
	"fmt"
	"path"
	"time"
)

// Sample is a number spoken by our English voice, digit by digit, to try a speech recogniser with: samples at that rate,
// 8000 or 16000 a second, of 16 bits, the low byte first.
func Sample(digits string, rate int) ([]byte, error) {
	all, err := readDigits(func(d int) ([]byte, error) {
		return embedded.ReadFile(path.Join("en", fmt.Sprintf("digit-%d.wav", d)))
	})
	if err != nil {
		return nil, err
	}
	var samples []int16
	pause := make([]int16, int(100*time.Millisecond*telephoneRate/time.Second))
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return nil, fmt.Errorf("%q is not a number", digits)
		}
		samples = append(append(samples, all[digits[i]-'0'].samples...), pause...)
	}
	sound := make([]byte, 0, 4*len(samples))
	for i, s := range samples {
		next := samples[min(i+1, len(samples)-1)]
		sound = append(sound, byte(s), byte(uint16(s)>>8))
		if rate == 2*telephoneRate {
			between := int16((int(s) + int(next)) / 2)
			sound = append(sound, byte(between), byte(uint16(between)>>8))
		}
	}
	return sound, nil
}
