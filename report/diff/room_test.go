package diff

import "testing"

// TestRoom fills the room that there is for words.
func TestRoom(t *testing.T) {
	teller := teller{room: 40, exported: func(string) bool { return false }}
	d := Difference{Change: Removed, Old: "struct s, 4 bytes", Details: []Detail{{What: "x"}}}
	for i, want := range []bool{true, true, false} {
		if got := teller.add(key{"struct", "s"}, d); got != want {
			t.Errorf("%d: room: %v", i, got)
		}
	}
}
