module github.com/dxlab/terraform-provider-lab/test/lab/containers/standins

go 1.26.0
