package staff

import (
	"sync"
	"time"
)

// keptParts remembers what was made of the calls for boardEvery, so that fifty boards cost little more than one. The
// stream tells of a change once more after that time, so nothing stays old.
type keptParts struct {
	mu  sync.Mutex
	all map[string]*keptPart
}

type keptPart struct {
	mu    sync.Mutex
	body  []byte
	until time.Time
}

// maxKept bounds how many different parts are remembered.
const maxKept = 100

// get returns the part with this key, which names all that it depends on but calls and time.
func (k *keptParts) get(now time.Time, key string, make func() ([]byte, error)) ([]byte, error) {
	part := k.part(key)
	part.mu.Lock()
	defer part.mu.Unlock()                                                               // while one is made, those who want the same wait for it
	if part.body != nil && now.Before(part.until) && part.until.Sub(now) <= boardEvery { // and the clock was not put back
		return part.body, nil
	}
	body, err := make()
	if err != nil {
		return nil, err
	}
	part.body, part.until = body, now.Add(boardEvery)
	return body, nil
}

func (k *keptParts) part(key string) *keptPart {
	k.mu.Lock()
	defer k.mu.Unlock()
	part := k.all[key]
	if part == nil {
		if k.all == nil || len(k.all) >= maxKept {
			k.all = map[string]*keptPart{}
		}
		part = &keptPart{}
		k.all[key] = part
	}
	return part
}
