# [user@]host[:port]/name
terraform import lab_k3d_cluster.this root@10.0.0.30/lab
