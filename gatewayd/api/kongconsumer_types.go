package api

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// KongConsumer is somebody who calls through the gateway.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:storageversion
// +kubebuilder:resource:shortName=kc,categories=kong-ingress-controller;kong;all
// +kubebuilder:printcolumn:name="Username",type=string,JSONPath=`.username`,description="Username of the consumer"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="Age"
// +kubebuilder:printcolumn:name="Programmed",type=string,JSONPath=`.status.conditions[?(@.type=="Programmed")].status`
// +kubebuilder:validation:XValidation:rule="(has(self.username) && self.username != \"\") || (has(self.custom_id) && self.custom_id != \"\")",message="Need to provide either username or custom_id"
type KongConsumer struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Username is unique among all consumers.
	// +optional
	Username string `json:"username,omitempty"`

	// CustomID is the consumer's id in some other system, unique as well.
	// +optional
	CustomID string `json:"custom_id,omitempty"`

	// Credentials name Secrets of the same namespace, each one credential under
	// the label konghq.com/credential.
	// +optional
	// +listType=set
	Credentials []string `json:"credentials,omitempty"`

	// ConsumerGroups name the groups that the consumer belongs to.
	// +optional
	// +listType=set
	ConsumerGroups []string `json:"consumerGroups,omitempty"`

	// Status is written by the gateway.
	// +optional
	Status KongConsumerStatus `json:"status,omitempty"`
}

// KongConsumerList is a list of KongConsumer.
//
// +kubebuilder:object:root=true
type KongConsumerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []KongConsumer `json:"items"`
}

// KongConsumerStatus is what the gateway made of a consumer.
//
// +kubebuilder:object:generate=true
type KongConsumerStatus struct {
	// Conditions has the type Programmed.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
