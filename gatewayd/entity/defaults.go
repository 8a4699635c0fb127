package entity

// Kong core's own defaults (kong/db/schema/entities/{services,routes,upstreams,targets,plugins}.lua, 3.9.1).
const (
	DefaultProtocol  = "http"
	DefaultPort      = 80
	DefaultRetries   = 5
	DefaultTimeout   = 60_000 // ms
	DefaultRedirect  = 426
	DefaultSlots     = 10_000
	DefaultWeight    = 100
	DefaultAlgorithm = "round-robin"
	DefaultHandling  = "v0"
)

// NewService returns a service with Kong core's defaults.
func NewService() Service {
	return Service{
		Protocol: DefaultProtocol, Port: DefaultPort, Retries: DefaultRetries,
		ConnectTimeout: DefaultTimeout, WriteTimeout: DefaultTimeout, ReadTimeout: DefaultTimeout,
		Enabled: true,
	}
}

// NewRoute returns a route with Kong core's defaults.
func NewRoute() Route {
	return Route{
		Protocols: []string{"http", "https"}, StripPath: true, PathHandling: DefaultHandling,
		HTTPSRedirectStatusCode: DefaultRedirect, RequestBuffering: true, ResponseBuffering: true,
	}
}

// NewUpstream returns an upstream with Kong core's defaults.
func NewUpstream() Upstream {
	return Upstream{Algorithm: DefaultAlgorithm, Slots: DefaultSlots}
}

// NewPlugin returns a plugin with Kong core's defaults.
func NewPlugin() Plugin {
	return Plugin{Enabled: true, Protocols: []string{"grpc", "grpcs", "http", "https"}}
}
