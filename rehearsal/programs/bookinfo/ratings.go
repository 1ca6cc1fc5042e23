package main

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// rated is how many stars each reviewer gives to a book.
type rated struct {
	ID      int             `json:"id"`
	Ratings json.RawMessage `json:"ratings"`
}

// usualRatings are those of a book that nobody has posted ratings of.
var usualRatings = json.RawMessage(`{"Reviewer1":5,"Reviewer2":4}`)

// How the variants of ratings fail.
const (
	delay            = 7 * time.Second
	unavailableEvery = time.Minute
	// Kubernetes forgets after 10 minutes how often it has restarted a container.
	unhealthyEvery = 15 * time.Minute
)

// shelf keeps the ratings that were posted, and knows how the service is to fail.
type shelf struct {
	version string
	started time.Time
	now     func() time.Time
	sleep   func(time.Duration)
	// Whether the next request is one of the half that goes wrong.
	unlucky func() bool

	lock   sync.Mutex
	posted map[int]json.RawMessage
}

// ratings is the service that knows stars.
func ratings(s settings) http.Handler {
	return newShelf(s.version).handler()
}

func newShelf(version string) *shelf {
	return &shelf{
		version: version,
		started: time.Now(),
		now:     time.Now,
		sleep:   time.Sleep,
		unlucky: func() bool { return rand.IntN(2) == 0 },
		posted:  map[int]json.RawMessage{},
	}
}

func (s *shelf) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		if s.version == "v-unhealthy" && s.isOff(unhealthyEvery) {
			answer(w, http.StatusInternalServerError, health{"Ratings is not healthy"})
			return
		}
		answer(w, http.StatusOK, health{"Ratings is healthy"})
	})
	mux.HandleFunc("GET /ratings/{id}", numbered(s.get))
	mux.HandleFunc("POST /ratings/{id}", numbered(s.post))
	return mux
}

// numbered passes the number of a book on.
func numbered(next func(http.ResponseWriter, *http.Request, int)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(r.PathValue("id"))
		if err != nil {
			answer(w, http.StatusBadRequest, failure{"please provide numeric product ID"})
			return
		}
		next(w, r, id)
	}
}

func (s *shelf) get(w http.ResponseWriter, _ *http.Request, id int) {
	if s.fails() {
		answer(w, http.StatusServiceUnavailable, failure{"Service unavailable"})
		return
	}
	if s.version == "v-delayed" && s.unlucky() {
		s.sleep(delay)
	}
	answer(w, http.StatusOK, s.ratingsOf(id))
}

func (s *shelf) post(w http.ResponseWriter, r *http.Request, id int) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largest))
	if err != nil || !json.Valid(body) {
		answer(w, http.StatusBadRequest, failure{"please provide valid ratings JSON"})
		return
	}
	s.lock.Lock()
	s.posted[id] = body
	s.lock.Unlock()
	answer(w, http.StatusOK, s.ratingsOf(id))
}

func (s *shelf) ratingsOf(id int) rated {
	s.lock.Lock()
	defer s.lock.Unlock()
	if posted, found := s.posted[id]; found {
		return rated{id, posted}
	}
	return rated{id, usualRatings}
}

// fails says whether this request is answered with an error.
func (s *shelf) fails() bool {
	switch s.version {
	case "v-faulty":
		return s.unlucky()
	case "v-unavailable":
		return s.isOff(unavailableEvery)
	case "v-unhealthy":
		return s.isOff(unhealthyEvery)
	default:
		return false
	}
}

// isOff says whether the service is in one of its bad times, which take turns with good ones; it begins well.
func (s *shelf) isOff(every time.Duration) bool {
	return int(s.now().Sub(s.started)/every)%2 == 1
}
