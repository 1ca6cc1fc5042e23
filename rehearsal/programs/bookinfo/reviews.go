package main

import (
	"encoding/json"
	"log"
	"net/http"
	"strconv"
	"time"
)

// reviewed is all reviews of a book, and which pod answers.
type reviewed struct {
	ID      string   `json:"id"`
	Pod     string   `json:"podname"`
	Cluster string   `json:"clustername"`
	Reviews []review `json:"reviews"`
}

type review struct {
	Reviewer string  `json:"reviewer"`
	Text     string  `json:"text"`
	Rating   *rating `json:"rating,omitempty"`
}

// rating is stars in a color, or why there are none.
type rating struct {
	Stars int    `json:"stars,omitempty"`
	Color string `json:"color,omitempty"`
	Error string `json:"error,omitempty"`
}

var texts = []review{
	{Reviewer: "Reviewer1", Text: "An extremely entertaining play by Shakespeare. The slapstick humour is refreshing!"},
	{Reviewer: "Reviewer2", Text: "Absolutely fun and entertaining. The play lacks thematic depth when compared to other plays by Shakespeare."},
}

// reviews is the service that knows opinions; it asks ratings for stars, if its version shows them.
func reviews(s settings) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, health{"Reviews is healthy"})
	})
	mux.HandleFunc("GET /reviews/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(r.PathValue("id"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		answer(w, http.StatusOK, reviewed{
			ID:      strconv.Itoa(id),
			Pod:     s.pod,
			Cluster: s.cluster,
			Reviews: rate(s, r, id),
		})
	})
	return mux
}

// rate puts stars to the reviews.
func rate(s settings, r *http.Request, id int) []review {
	if !s.showsRatings {
		return texts
	}
	stars := starsOf(s, r, id)
	rated := make([]review, 0, len(texts))
	for _, each := range texts {
		each.Rating = &rating{Error: "Ratings service is currently unavailable"}
		if count, found := stars[each.Reviewer]; found {
			each.Rating = &rating{Stars: count, Color: s.starColor}
		}
		rated = append(rated, each)
	}
	return rated
}

// starsOf asks ratings; it gives nothing where they cannot be had.
func starsOf(s settings, r *http.Request, id int) map[string]int {
	url := s.ratings + "/ratings/" + strconv.Itoa(id)
	status, body := ask(r.Context(), url, headersFrom(r), patienceOf(s.starColor))
	if status != http.StatusOK {
		log.Printf("%s: no ratings, status %d", url, status)
		return nil
	}
	var got struct {
		Ratings map[string]int `json:"ratings"`
	}
	if err := json.Unmarshal(body, &got); err != nil {
		log.Printf("%s: no ratings: %v", url, err)
		return nil
	}
	return got.Ratings
}

// patienceOf says how long to wait for ratings: the version with black stars waits longer than any other.
func patienceOf(color string) time.Duration {
	if color == "black" {
		return 10 * time.Second
	}
	return 2500 * time.Millisecond
}
