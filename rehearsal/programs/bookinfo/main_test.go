package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// environment is a function like os.Getenv.
func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

// shop is a product page with services behind it.
type shop struct {
	*httptest.Server
	settings settings
}

// open starts a product page; services that are not given do not answer.
func open(t *testing.T, behind map[string]http.Handler) shop {
	t.Helper()
	s := settings{details: "http://127.0.0.1:1", reviews: "http://127.0.0.1:1", ratings: "http://127.0.0.1:1"}
	for name, at := range map[string]*string{"details": &s.details, "reviews": &s.reviews, "ratings": &s.ratings} {
		if handler, found := behind[name]; found {
			server := httptest.NewServer(handler)
			t.Cleanup(server.Close)
			*at = server.URL
		}
	}
	server := httptest.NewServer(productpage(s))
	t.Cleanup(server.Close)
	return shop{server, s}
}

// call sends a request and follows nothing.
func call(t *testing.T, method, url string, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

func expect(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in %s", part, text)
		}
	}
}

func status(t *testing.T, response *http.Response, wanted int) {
	t.Helper()
	if response.StatusCode != wanted {
		t.Errorf("%s %s: status %d, expected %d", response.Request.Method, response.Request.URL, response.StatusCode, wanted)
	}
}

// whole is all four services, with reviews of a version.
func whole(t *testing.T, version string) shop {
	stars := httptest.NewServer(ratings(settings{}))
	t.Cleanup(stars.Close)
	s := settings{ratings: stars.URL, pod: "reviews-pod", cluster: "devcluster2"}
	switch version {
	case "v2":
		s.showsRatings, s.starColor = true, "black"
	case "v3":
		s.showsRatings, s.starColor = true, "red"
	}
	return open(t, map[string]http.Handler{"details": details(s), "reviews": reviews(s), "ratings": ratings(s)})
}

func TestSettings(t *testing.T) {
	got := settingsFrom(environment(map[string]string{
		"SERVICE":              "reviews",
		"SERVICES_DOMAIN":      "example.com",
		"RATINGS_HOSTNAME":     "stars",
		"DETAILS_SERVICE_PORT": "80",
		"ENABLE_RATINGS":       "true",
		"HOSTNAME":             "pod",
	}))
	wanted := settings{
		service: "reviews", version: "v1", port: "9080", showsRatings: true, starColor: "black", cluster: "null", pod: "pod",
		details: "http://details.example.com:80",
		reviews: "http://reviews.example.com:9080",
		ratings: "http://stars.example.com:9080",
	}
	if got != wanted {
		t.Errorf("got %+v", got)
	}
}

func TestPageShowsStarsOfEachVersion(t *testing.T) {
	for version, wanted := range map[string]struct {
		stars int
		mark  string
	}{
		"v1": {0, "Reviewer1"},
		"v2": {9, `class="stars black"`},
		"v3": {9, `class="stars red"`},
	} {
		response, page := call(t, "GET", whole(t, version).URL+"/productpage", "")
		status(t, response, 200)
		expect(t, page, "<h1>The Comedy of Errors</h1>", ">Wikipedia Summary</a>", "123-1234567890", wanted.mark,
			"Reviews served by: reviews-pod on cluster devcluster2", `name="login_form"`)
		if strings.Contains(page, "Error fetching") {
			t.Errorf("%s has an error", version)
		}
		// People count lines with stars.
		lines := 0
		for line := range strings.Lines(page) {
			if strings.Contains(line, "glyphicon-star") {
				lines++
			}
		}
		if lines != wanted.stars {
			t.Errorf("%s: %d stars, expected %d", version, lines, wanted.stars)
		}
		if response.ContentLength != int64(len(page)) {
			t.Errorf("content length is %d", response.ContentLength)
		}
	}
}

func TestPageSaysWhatIsMissing(t *testing.T) {
	_, page := call(t, "GET", open(t, nil).URL+"/productpage", "")
	expect(t, page, "Error fetching product details!", "Sorry, product details are currently unavailable for this book.",
		"Error fetching product reviews!", "Sorry, product reviews are currently unavailable for this book.")
	s := settings{showsRatings: true, ratings: "http://127.0.0.1:1", cluster: "null", pod: "p"}
	_, page = call(t, "GET", open(t, map[string]http.Handler{"reviews": reviews(s)}).URL+"/productpage", "")
	expect(t, page, "Ratings service is currently unavailable", "Reviews served by: p</p>")
}

func TestPageTakesNothingForHTML(t *testing.T) {
	s := settings{pod: "<script>", cluster: "<b>"}
	_, page := call(t, "GET", open(t, map[string]http.Handler{"reviews": reviews(s)}).URL+"/productpage", "")
	expect(t, page, "&lt;script&gt; on cluster &lt;b&gt;")
}

func TestAPI(t *testing.T) {
	shop := whole(t, "v3")
	for path, wanted := range map[string]string{
		"/api/v1/products":           `[{"id": 0, "title": "The Comedy of Errors", "descriptionHtml": "<a href=\"https`,
		"/api/v1/products/0":         `{"id": 0, "author": "William Shakespeare", "year": 1595, "type": "paperback", "pages": 200, "publisher": "PublisherA", "language": "English", "ISBN-10": "1234567890", "ISBN-13": "123-1234567890"}`,
		"/api/v1/products/7/reviews": `{"id": "7", "podname": "reviews-pod", "clustername": "devcluster2", "reviews": [{"reviewer": "Reviewer1", "text": "An extremely entertaining play by Shakespeare. The slapstick humour is refreshing!", "rating": {"stars": 5, "color": "red"}}, {"reviewer": "Reviewer2"`,
		"/api/v1/products/0/ratings": `{"id": 0, "ratings": {"Reviewer1": 5, "Reviewer2": 4}}`,
	} {
		response, body := call(t, "GET", shop.URL+path, "")
		status(t, response, 200)
		if !strings.HasPrefix(body, wanted) || !json.Valid([]byte(body)) || response.Header.Get("content-type") != "application/json" {
			t.Errorf("%s: %s", path, body)
		}
	}
	response, body := call(t, "GET", shop.URL+"/health", "")
	status(t, response, 200)
	expect(t, body, "Product page is healthy")
}

func TestAPIKeepsStatuses(t *testing.T) {
	asked := 0
	refuses := func(w http.ResponseWriter, _ *http.Request) {
		asked++
		http.Error(w, "RBAC: access denied", http.StatusForbidden)
	}
	shop := open(t, map[string]http.Handler{
		"details": http.HandlerFunc(refuses),
		"reviews": http.HandlerFunc(refuses),
		"ratings": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "no JSON") }),
	})
	for _, each := range []struct {
		path   string
		status int
		asked  int
		body   string
	}{
		{"/api/v1/products/0", 403, 1, `{"error": "Sorry, product details are currently unavailable for this book."}`},
		{"/api/v1/products/0/reviews", 403, 2, `{"error": "Sorry, product reviews are currently unavailable for this book."}`},
		{"/api/v1/products/0/ratings", 500, 0, `{"error": "Sorry, product ratings are currently unavailable for this book."}`},
	} {
		asked = 0
		response, body := call(t, "GET", shop.URL+each.path, "")
		status(t, response, each.status)
		if body != each.body || asked != each.asked {
			t.Errorf("%s: asked %d times, %s", each.path, asked, body)
		}
	}
}

func TestRefusesWhatIsNotThere(t *testing.T) {
	shop := whole(t, "v1")
	for _, each := range []struct {
		method string
		path   string
		status int
	}{
		{"GET", "/nowhere", 404},
		{"POST", "/productpage", 405},
		{"GET", "/login", 405},
		{"GET", "/api/v1/products/x", 400},
		{"GET", "/", 200},
		{"HEAD", "/productpage", 200},
	} {
		response, _ := call(t, each.method, shop.URL+each.path, "")
		status(t, response, each.status)
	}
}

func TestLogin(t *testing.T) {
	var got http.Header
	shop := open(t, map[string]http.Handler{
		"reviews": http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }),
	})
	response, _ := call(t, "POST", shop.URL+"/login", "username=jäson&passwd=x",
		"content-type", "application/x-www-form-urlencoded", "referer", "/productpage?u=test")
	status(t, response, 302)
	if to := response.Header.Get("location"); to != "/productpage?u=test" {
		t.Errorf("leads to %s", to)
	}
	cookie := strings.Split(response.Header.Get("set-cookie"), ";")[0]
	_, page := call(t, "GET", shop.URL+"/productpage", "", "cookie", cookie)
	expect(t, page, "jäson", `href="logout"`)
	if strings.Contains(page, "login_form") || got.Get("end-user") != "jäson" {
		t.Errorf("end-user is %q", got.Get("end-user"))
	}
	response, _ = call(t, "GET", shop.URL+"/logout", "", "cookie", cookie)
	status(t, response, 302)
	expect(t, response.Header.Get("set-cookie"), "Max-Age=0")
	if to := response.Header.Get("location"); to != "/productpage" {
		t.Errorf("leads to %s", to)
	}
}

func TestHeadersArePassedOn(t *testing.T) {
	var got []http.Header
	note := func(_ http.ResponseWriter, r *http.Request) { got = append(got, r.Header) }
	stars := httptest.NewServer(http.HandlerFunc(note))
	defer stars.Close()
	s := settings{ratings: stars.URL, showsRatings: true}
	opinions := reviews(s)
	shop := open(t, map[string]http.Handler{
		"reviews": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			note(w, r)
			opinions.ServeHTTP(w, r)
		}),
	})
	sent := []string{"x-other", "x"}
	for _, name := range passedOn {
		sent = append(sent, name, "value of "+name)
	}
	call(t, "GET", shop.URL+"/api/v1/products/0/reviews", "", sent...)
	if len(got) != 2 {
		t.Fatalf("%d requests", len(got))
	}
	for _, headers := range got {
		for _, name := range passedOn {
			if headers.Get(name) != "value of "+name {
				t.Errorf("%s is %q", name, headers.Get(name))
			}
		}
		if headers.Get("x-other") != "" {
			t.Error("x-other is passed on")
		}
	}
}

func TestRatingsFail(t *testing.T) {
	for version, wanted := range map[string][3]int{
		// Of a lucky and an unlucky request, and of its health in a bad time.
		"v1":            {200, 200, 200},
		"v-faulty":      {200, 503, 200},
		"v-delayed":     {200, 200, 200},
		"v-unavailable": {200, 503, 200},
		"v-unhealthy":   {200, 503, 500},
	} {
		shelf := newShelf(version)
		var slept time.Duration
		shelf.sleep = func(time time.Duration) { slept += time }
		get := func(path string) int {
			recorder := httptest.NewRecorder()
			shelf.handler().ServeHTTP(recorder, httptest.NewRequest("GET", path, nil))
			return recorder.Code
		}
		shelf.unlucky = func() bool { return false }
		lucky := get("/ratings/0")
		shelf.unlucky = func() bool { return true }
		bad := map[string]time.Duration{"v-unavailable": unavailableEvery, "v-unhealthy": unhealthyEvery}[version]
		shelf.now = func() time.Time { return shelf.started.Add(bad) }
		if got := [3]int{lucky, get("/ratings/0"), get("/health")}; got != wanted {
			t.Errorf("%s: %v", version, got)
		}
		if (version == "v-delayed") != (slept == 7*time.Second) {
			t.Errorf("%s slept for %s", version, slept)
		}
	}
}

func TestRatingsArePosted(t *testing.T) {
	server := httptest.NewServer(ratings(settings{}))
	defer server.Close()
	response, body := call(t, "POST", server.URL+"/ratings/3", `{"Reviewer1": 1}`)
	status(t, response, 200)
	_, again := call(t, "GET", server.URL+"/ratings/3", "")
	if body != again || body != `{"id": 3, "ratings": {"Reviewer1": 1}}` {
		t.Errorf("%s, then %s", body, again)
	}
	response, _ = call(t, "POST", server.URL+"/ratings/3", "{")
	status(t, response, 400)
	response, _ = call(t, "GET", server.URL+"/ratings/x", "")
	status(t, response, 400)
}

func TestReviewsWaitAsLongAsTheirColor(t *testing.T) {
	if patienceOf("black") != 10*time.Second || patienceOf("red") != 2500*time.Millisecond {
		t.Error("another patience")
	}
}

func TestLogHasEachRequestButHealth(t *testing.T) {
	var lines []string
	handler := logged(details(settings{}), func(format string, values ...any) {
		lines = append(lines, fmt.Sprintf(format, values...))
	})
	for _, path := range []string{"/health", "/details/x?q=%0A"} {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	}
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "GET example.com /details/x?q=%0A 400 ") {
		t.Errorf("got %q", lines)
	}
}
