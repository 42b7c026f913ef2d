package tiny

import "testing"

func TestAdult(t *testing.T) {
	if !Adult(18) || Adult(17) {
		t.Fatal("18 is the age")
	}
	if Clamp(5, 3) != 3 || Clamp(1, 3) != 1 { // equal numbers make no difference
		t.Fatal("not clamped")
	}
}
