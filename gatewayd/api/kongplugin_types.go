// +groupName=configuration.konghq.com
// +versionName=v1

package api

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// KongPlugin configures one plugin. It takes effect where an Ingress, a Service
// or a KongConsumer of its namespace names it in konghq.com/plugins.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:storageversion
// +kubebuilder:resource:shortName=kp,categories=kong-ingress-controller;kong;all
// +kubebuilder:printcolumn:name="Plugin-Type",type=string,JSONPath=`.plugin`,description="Name of the plugin"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="Age"
// +kubebuilder:printcolumn:name="Disabled",type=boolean,JSONPath=`.disabled`,description="Whether the plugin is disabled",priority=1
// +kubebuilder:printcolumn:name="Programmed",type=string,JSONPath=`.status.conditions[?(@.type=="Programmed")].status`
// +kubebuilder:validation:XValidation:rule="!(has(self.config) && has(self.configFrom))",message="Using both config and configFrom fields is not allowed."
// +kubebuilder:validation:XValidation:rule="!(has(self.configFrom) && has(self.configPatches))",message="Using both configFrom and configPatches fields is not allowed."
// +kubebuilder:validation:XValidation:rule="self.plugin == oldSelf.plugin",message="The plugin field is immutable"
type KongPlugin struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	PluginSpec `json:",inline"`

	// ConfigFrom names the key of a Secret of the same namespace that holds the
	// whole config, as a JSON or YAML object.
	// +optional
	ConfigFrom *ConfigSource `json:"configFrom,omitempty"`

	// ConfigPatches add values from Secrets to config, one JSON pointer each.
	// +optional
	ConfigPatches []ConfigPatch `json:"configPatches,omitempty"`

	// Status is written by the gateway.
	// +optional
	Status PluginStatus `json:"status,omitempty"`
}

// KongPluginList is a list of KongPlugin.
//
// +kubebuilder:object:root=true
type KongPluginList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []KongPlugin `json:"items"`
}

// KongClusterPlugin configures one plugin for objects of every namespace, or,
// under the label global: "true", for every request.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:storageversion
// +kubebuilder:resource:scope=Cluster,shortName=kcp,categories=kong-ingress-controller;kong;all
// +kubebuilder:printcolumn:name="Plugin-Type",type=string,JSONPath=`.plugin`,description="Name of the plugin"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="Age"
// +kubebuilder:printcolumn:name="Disabled",type=boolean,JSONPath=`.disabled`,description="Whether the plugin is disabled",priority=1
// +kubebuilder:printcolumn:name="Programmed",type=string,JSONPath=`.status.conditions[?(@.type=="Programmed")].status`
// +kubebuilder:validation:XValidation:rule="!(has(self.config) && has(self.configFrom))",message="Using both config and configFrom fields is not allowed."
// +kubebuilder:validation:XValidation:rule="!(has(self.configFrom) && has(self.configPatches))",message="Using both configFrom and configPatches fields is not allowed."
// +kubebuilder:validation:XValidation:rule="self.plugin == oldSelf.plugin",message="The plugin field is immutable"
type KongClusterPlugin struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	PluginSpec `json:",inline"`

	// ConfigFrom names the key of a Secret that holds the whole config, as a
	// JSON or YAML object.
	// +optional
	ConfigFrom *NamespacedConfigSource `json:"configFrom,omitempty"`

	// ConfigPatches add values from Secrets to config, one JSON pointer each.
	// +optional
	ConfigPatches []NamespacedConfigPatch `json:"configPatches,omitempty"`

	// Status is written by the gateway.
	// +optional
	Status PluginStatus `json:"status,omitempty"`
}

// KongClusterPluginList is a list of KongClusterPlugin.
//
// +kubebuilder:object:root=true
type KongClusterPluginList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []KongClusterPlugin `json:"items"`
}

// PluginSpec holds what KongPlugin and KongClusterPlugin have in common.
//
// +kubebuilder:object:generate=true
type PluginSpec struct {
	// ConsumerRef names a consumer; Kong's ingress controller does not read it.
	// +optional
	ConsumerRef string `json:"consumerRef,omitempty"`

	// Disabled turns the plugin off without removing it.
	// +optional
	Disabled bool `json:"disabled,omitempty"`

	// Config is the plugin's config, a JSON object.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	Config json.RawMessage `json:"config,omitempty"`

	// PluginName says which plugin it is, as in key-auth.
	// +kubebuilder:validation:Required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9_-]*[a-z0-9])?$')",message="must be a plugin's name in lower-case letters, digits and hyphens, as in key-auth"
	PluginName string `json:"plugin"`

	// RunOn belonged to Kong's service mesh; nothing reads it any more.
	// +optional
	// +kubebuilder:validation:Enum:=first;second;all
	RunOn string `json:"run_on,omitempty"`

	// Protocols are those of the requests that the plugin runs on.
	// +optional
	Protocols []Protocol `json:"protocols,omitempty"`

	// Ordering moves the plugin before or after others of the same phase.
	// Enterprise-only in Kong; gatewayd honours it for the access phase.
	// +optional
	Ordering *Ordering `json:"ordering,omitempty"`

	// InstanceName tells this use of the plugin from others.
	// +optional
	InstanceName string `json:"instance_name,omitempty"`
}

// Protocol is a protocol by Kong's name for it.
//
// +kubebuilder:validation:Enum=http;https;grpc;grpcs;tcp;tls;udp
type Protocol string

// Ordering names plugins by phase.
//
// +kubebuilder:object:generate=true
// +kubebuilder:validation:XValidation:rule="has(self.before) || has(self.after)",message="must have before or after, each naming plugins by phase, as in before: {access: [key-auth]}"
type Ordering struct {
	// Before lists plugins that this one runs before, by phase.
	// +optional
	// +kubebuilder:validation:MaxProperties=8
	// +kubebuilder:validation:XValidation:rule="self.all(phase, phase == 'access')",message="can name plugins for the phase access alone"
	Before map[string][]string `json:"before,omitempty"`
	// After lists plugins that this one runs after, by phase.
	// +optional
	// +kubebuilder:validation:MaxProperties=8
	// +kubebuilder:validation:XValidation:rule="self.all(phase, phase == 'access')",message="can name plugins for the phase access alone"
	After map[string][]string `json:"after,omitempty"`
}

// PluginStatus is what the gateway made of a plugin.
//
// +kubebuilder:object:generate=true
type PluginStatus struct {
	// Conditions has the type Programmed.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
